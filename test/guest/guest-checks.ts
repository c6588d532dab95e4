// SPDX-License-Identifier: Apache-2.0
//
// The program that checks file operations in the guest: each of its checks is an assertion here.

import type { Test } from 'tap';

import type { Guest } from './boot.js';
import type { CacheMode } from './daemon.js';

export interface ChecksOptions {
  readonly cache: CacheMode;
  readonly isUnprivileged?: boolean;
  /** Below the share; the checks' files stay there. */
  readonly directory: string;
  /** Only checks with this in their names. */
  readonly only?: string;
  /** Where the guest has what is checked; /mnt by default. */
  readonly share?: string;
  /** Checks that cannot hold in this run, and why. */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** False: every check has to make sense in this run. */
  readonly skips?: boolean;
}

export async function runGuestChecks(t: Test, guest: Guest, options: ChecksOptions): Promise<void> {
  const words = ['/guest/guest-checks', 'run', `--cache=${options.cache}`];
  words.push(`--directory=${options.directory}`);
  if (options.share !== undefined) words.push(`--share=${options.share}`);
  if (options.isUnprivileged) words.push('--unprivileged');
  const leftOut = new Map(Object.entries(options.leftOut ?? {}));
  for (const name of leftOut.keys()) words.push(`"--without=${name}"`);
  if (options.only !== undefined) words.push(`'--only=${options.only}'`);
  const { output } = await guest.run(words.join(' '));
  const lines = output.split('\n');
  const reported = lines.filter((line, index) =>
    assertLine(t, line, lines[index + 1], leftOut),
  ).length;
  t.same([...leftOut.keys()], [], 'what is left out is a check that there is');
  if (options.skips === false) t.notMatch(output, '# SKIP', 'no check was left out');
  const planned = lines.map((line) => /^1\.\.(\d+)$/.exec(line)?.[1]).find(Boolean);
  t.equal(String(reported), planned, "every check of the guest's program has reported");
}

/** Says whether the line is a check's. */
function assertLine(
  t: Test,
  line: string,
  next: string | undefined,
  leftOut: Map<string, string>,
): boolean {
  const [, not, name, reason] = /^(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$/.exec(line) ?? [];
  if (name === undefined) return false;
  const why = leftOut.get(name);
  leftOut.delete(name);
  if (reason !== undefined) t.pass(name, { skip: why ?? reason });
  else if (not === undefined) t.pass(name);
  else t.fail(name, { why: next?.replace(/^# /, '') });
  return true;
}
