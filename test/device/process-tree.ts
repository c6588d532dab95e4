// SPDX-License-Identifier: Apache-2.0

/** The processes of a daemon as the host's /proc shows them. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessStatus {
  readonly pid: number;
  readonly tid: number;
  readonly fields: ReadonlyMap<string, string>;
}

function numbersIn(directory: string): number[] {
  return readdirSync(directory).map(Number).filter(Number.isInteger);
}

function readOr(path: string, instead: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return instead; // it has ended meanwhile
  }
}

/** A process and all below it. */
export function processTree(pid: number): number[] {
  const children = numbersIn('/proc').filter((candidate) => {
    const parent = /^PPid:\s*([0-9]+)$/m.exec(readOr(`/proc/${candidate}/status`, ''))?.[1];
    return Number(parent) === pid;
  });
  return [pid, ...children.flatMap(processTree)];
}

/** Every thread of these processes. */
export function threadsOf(pids: readonly number[]): ProcessStatus[] {
  return pids.flatMap((pid) =>
    numbersIn(`/proc/${pid}/task`).map((tid) => {
      const lines = readOr(`/proc/${pid}/task/${tid}/status`, '').split('\n');
      const fields = lines.map((line): [string, string] => {
        const [name = '', value = ''] = line.split(/:\s*/, 2);
        return [name, value];
      });
      return { pid, tid, fields: new Map(fields) };
    }),
  );
}

/** What the process has open, by descriptor. */
export function openFiles(pid: number): Map<number, string> {
  const files = new Map<number, string>();
  for (const fd of numbersIn(`/proc/${pid}/fd`)) {
    try {
      files.set(fd, readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      // closed meanwhile
    }
  }
  return files;
}
