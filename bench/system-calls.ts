// SPDX-License-Identifier: Apache-2.0

/** Counts a daemon's system calls with strace, in a pass of its own: what is traced is slow. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasStrace = spawnSync('strace', ['--version']).status === 0;

const attachLimitMs = 5000;

/** How many calls these processes make while `work` goes on; null when strace cannot look at them. */
export async function countSystemCalls(
  pids: readonly number[],
  work: () => void,
): Promise<number | null> {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-strace-'));
  const output = join(directory, 'counts');
  try {
    const strace = spawn(
      'strace',
      ['-c', '-f', '-o', output, ...pids.flatMap((pid) => ['-p', String(pid)])],
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
    if (works) work();
    strace.kill('SIGINT');
    await ended;
    if (!works) return null;
    const total = /^\s*100\.00\s+\S+\s+(?:\S+\s+)?([0-9]+)\s+(?:[0-9]+\s+)?total$/m.exec(
      readFileSync(output, 'utf8'),
    );
    return total === null ? 0 : Number(total[1]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
