// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { isCode } from './host-failure.js';

/** A process that has gone meanwhile, or is somebody else's. */
const outOfSight = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/**
 * Another process that has a directory open or for its root, as QEMU and vfsd have what they serve; null: none that can
 * be seen, which for an ordinary user are the user's own.
 */
export function holderOf({ dev, ino }: BigIntStats): Holder | null {
  const isIt = (path: string): boolean => {
    try {
      const status = statSync(path, { bigint: true, throwIfNoEntry: false });
      return status?.dev === dev && status.ino === ino;
    } catch (error) {
      // A descriptor can refer to anything, a hanging network file system too.
      if (isCode(error, ...outOfSight, 'ELOOP', 'ENOTDIR', 'EIO', 'ESTALE')) return false;
      throw error;
    }
  };
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const descriptors = namesIn(`/proc/${entry}/fd`).map((fd) => `/proc/${entry}/fd/${fd}`);
    if ([`/proc/${entry}/root`, ...descriptors].some(isIt)) {
      return { pid: Number(entry), name: nameOf(entry) };
    }
  }
  return null;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isCode(error, ...outOfSight)) return [];
    throw error;
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch (error) {
    if (isCode(error, ...outOfSight)) return 'a process';
    throw error;
  }
}
