// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';

/** Bytes of memory that these processes use, with their part of what they share (PSS). */
export function memoryInUse(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return sum + Number(/^Pss:\s+([0-9]+) kB$/m.exec(rollup)?.[1] ?? NaN) * 1024;
  }, 0);
}
