// SPDX-License-Identifier: Apache-2.0

/** Counts a daemon's system calls with strace, in a pass of its own: what is traced is slow. */

import { traceProcesses } from '../test/device/strace.js';

/** How many calls these processes make while `work` goes on; null when strace cannot look at them. */
export async function countSystemCalls(
  pids: readonly number[],
  work: () => void,
): Promise<number | null> {
  const table = await traceProcesses(pids, ['-c'], work);
  if (table === null) return null;
  const total = /^\s*100\.00\s+\S+\s+(?:\S+\s+)?([0-9]+)\s+(?:[0-9]+\s+)?total$/m.exec(table);
  return total === null ? 0 : Number(total[1]);
}
