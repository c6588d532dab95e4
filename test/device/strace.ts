// SPDX-License-Identifier: Apache-2.0

/** Looks at a daemon's system calls with strace, by attaching to processes that run. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasStrace = spawnSync('strace', ['--version']).status === 0;

const attachLimitMs = 5000;

/**
 * What strace writes of these processes, with all of their threads, while `work` goes on; null when it cannot look at
 * them. `options` say what it writes.
 */
export async function traceProcesses(
  pids: readonly number[],
  options: readonly string[],
  work: () => void | Promise<void>,
): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-strace-'));
  const output = join(directory, 'output');
  try {
    const strace = spawn(
      'strace',
      [...options, '-f', '-o', output, ...pids.flatMap((pid) => ['-p', String(pid)])],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = new Promise((resolve) => strace.once('close', resolve));
    const attached = new Promise<boolean>((resolve) => {
      let said = '';
      const limit = setTimeout(() => {
        resolve(false);
      }, attachLimitMs);
      const decide = (isAttached: boolean): void => {
        clearTimeout(limit);
        resolve(isAttached);
      };
      strace.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        const processes = said.match(/^strace: Process [0-9]+ attached/gm)?.length ?? 0;
        if (processes >= pids.length) decide(true);
      });
      strace.once('error', () => {
        decide(false);
      });
      strace.once('close', () => {
        decide(false);
      });
    });
    const works = await attached;
    try {
      if (works) await work();
    } finally {
      strace.kill('SIGINT');
      await ended;
    }
    return works ? readFileSync(output, 'utf8') : null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A call that has returned. */
export interface TracedCall {
  readonly name: string;
  /** Its arguments as strace writes them. */
  readonly arguments: string;
  /** From the "=" on. */
  readonly result: string;
}

/** The calls of these names that `work` leads to, in their order. Throws where there is no strace. */
export async function traceCalls(
  pids: readonly number[],
  names: readonly string[],
  work: () => void | Promise<void>,
): Promise<TracedCall[]> {
  const text = await traceProcesses(pids, ['-e', `trace=${names.join(',')}`], work);
  if (text === null) throw new Error('strace cannot look at the daemon');
  const begun = new Map<string, string>();
  const calls: TracedCall[] = [];
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^([0-9]+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    if (unfinished !== undefined) {
      begun.set(thread, unfinished);
      continue;
    }
    const resumed = /^<\.\.\. [a-z0-9_]+ resumed>(.*)$/.exec(rest)?.[1];
    const whole = resumed === undefined ? rest : `${begun.get(thread) ?? ''}${resumed}`;
    const call = /^([a-z0-9_]+)\((.*)\)\s+=\s+(.*)$/.exec(whole);
    if (call === null) continue;
    const [, name = '', args = '', result = ''] = call;
    calls.push({ name, arguments: args, result });
  }
  return calls;
}
