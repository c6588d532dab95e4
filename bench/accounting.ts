// SPDX-License-Identifier: Apache-2.0

/** What a daemon has used so far, as the scheduler counts it: every thread of every one of its processes. */

import { readFileSync, readdirSync } from 'node:fs';

export interface Usage {
  /** Nanoseconds on a CPU, in the kernel and outside. */
  readonly cpuNs: number;
  readonly contextSwitches: number;
}

function threadDirectories(pids: readonly number[]): string[] {
  return pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`),
  );
}

export function threadIds(pids: readonly number[]): number[] {
  return threadDirectories(pids).map((directory) => Number(directory.split('/').at(-1)));
}

/** Finer than utime and stime, which count ticks. */
export function usageOf(pids: readonly number[]): Usage {
  let cpuNs = 0;
  let contextSwitches = 0;
  for (const directory of threadDirectories(pids)) {
    cpuNs += Number(readFileSync(`${directory}/schedstat`, 'utf8').split(' ')[0]);
    const status = readFileSync(`${directory}/status`, 'utf8');
    for (const match of status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s*([0-9]+)$/gm)) {
      contextSwitches += Number(match[1]);
    }
  }
  return { cpuNs, contextSwitches };
}
