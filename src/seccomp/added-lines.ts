// SPDX-License-Identifier: Apache-2.0

/** `--seccomp-allow`: what the allow lists have for one run, beside the policies. */

import { usage } from '../config/usage.js';
import { VfsdError } from '../errors.js';
import type { SeccompRule } from '../native/types.js';
import { dangerOf } from './dangerous-calls.js';
import { parsePolicyLines, type PolicyLine } from './parse-policy.js';

/**
 * Calls that are many in one, by the argument that says which: without a value for it they could not be told from what
 * the policies keep out.
 */
const selectors: Readonly<Record<string, number>> = { ioctl: 1, fcntl: 1, fcntl64: 1, prctl: 0 };

/** Calls of which the policies have what is harmless. */
const keptNarrow: Readonly<Record<string, string>> = {
  mmap: 'makes memory executable where the policy does not have it',
  mmap2: 'makes memory executable where the policy does not have it',
  mprotect: 'makes memory executable where the policy does not have it',
  open_tree: 'clones mounts where the policy does not have it',
  seccomp: 'loads filters',
};

/** Understands the values of the option. Throws VFSD_CONFIG_USAGE for what is no rule, or must not be allowed. */
export function addedLines(values: readonly string[]): readonly PolicyLine[] {
  return values.flatMap((value) => {
    const lines = parse(value);
    if (lines.length === 0) throw refuse(value, 'it is empty');
    for (const { rule } of lines) check(value, rule);
    return lines;
  });
}

function parse(value: string): readonly PolicyLine[] {
  try {
    return parsePolicyLines('--seccomp-allow', value);
  } catch (error) {
    if (!(error instanceof VfsdError)) throw error;
    throw refuse(value, error.message.replace(/^.*?--seccomp-allow:\d+: /, ''));
  }
}

function check(value: string, { syscall, conditions }: SeccompRule): void {
  const danger = dangerOf(syscall) ?? keptNarrow[syscall];
  if (danger !== undefined) {
    throw refuse(
      value,
      `it ${danger}, which would undo the sandbox; --seccomp=log and --seccomp=none do without it`,
    );
  }
  const selector = selectors[syscall];
  if (selector === undefined || conditions.some(({ argument }) => argument === selector)) return;
  throw refuse(
    value,
    `it is many calls in one: say which, as in "${syscall} if arg${selector} == NUMBER"`,
  );
}

function refuse(value: string, problem: string): VfsdError {
  return usage(`--seccomp-allow=${value}: ${problem}`);
}
