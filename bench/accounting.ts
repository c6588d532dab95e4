// SPDX-License-Identifier: Apache-2.0

/** What threads have used so far, as the scheduler counts it. */

import { readFileSync, readdirSync } from 'node:fs';

export interface Usage {
  /** Nanoseconds on a CPU, in the kernel and outside. */
  readonly cpuNs: number;
  readonly contextSwitches: number;
}

/** The threads of these processes; with a prefix, those whose names begin with it. */
export function threadsOf(pids: readonly number[], prefix = ''): string[] {
  return pids
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`))
    .filter(
      (directory) => prefix === '' || readFileSync(`${directory}/comm`, 'utf8').startsWith(prefix),
    );
}

export function threadId(directory: string): number {
  return Number(directory.split('/').at(-1));
}

/** Finer than utime and stime, which count ticks. */
export function usageOf(threads: readonly string[]): Usage {
  let cpuNs = 0;
  let contextSwitches = 0;
  for (const directory of threads) {
    cpuNs += Number(readFileSync(`${directory}/schedstat`, 'utf8').split(' ')[0]);
    const status = readFileSync(`${directory}/status`, 'utf8');
    for (const match of status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s*([0-9]+)$/gm)) {
      contextSwitches += Number(match[1]);
    }
  }
  return { cpuNs, contextSwitches };
}
