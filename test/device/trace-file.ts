// SPDX-License-Identifier: Apache-2.0

/** What strace(1) has written about a daemon, and whose threads these were. */

import { readFileSync, writeFileSync } from 'node:fs';
import { roleOf, type Role } from '../../src/seccomp/roles.js';
import { threadsOf } from './process-tree.js';

export interface TracedCall {
  readonly role: Role;
  readonly thread: string;
  readonly syscall: string;
  readonly args: readonly bigint[];
}

interface TracedThread {
  readonly role: Role;
  readonly name: string;
}

function threadsFile(trace: string): string {
  return `${trace}.threads`;
}

/** To be called while the threads are there, and have their names. */
export function writeThreads(trace: string, pids: readonly number[]): void {
  const threads = threadsOf(pids).map(({ pid, tid, fields }): [number, TracedThread] => {
    const name = fields.get('Name') ?? '';
    const role = roleOf(name, null);
    if (role === null) throw new Error(`thread ${name} has no role`);
    // Node's own threads have the main one's name, by its release.
    return [tid, { name, role: role === 'main' && tid !== pid ? 'node' : role }];
  });
  writeFileSync(threadsFile(trace), JSON.stringify(threads));
}

/** @param nameOf names a call by its number, where strace is older than the call */
export function readTrace(
  trace: string,
  nameOf: (number: number) => string | null,
): readonly TracedCall[] {
  const threads = new Map(
    JSON.parse(readFileSync(threadsFile(trace), 'utf8')) as [number, TracedThread][],
  );
  return readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line) => {
      // The second half of a call that was interrupted in the trace has no arguments, and is passed over.
      const [, tid, syscall, args] = /^(\d+)\s+([a-z0-9_]+)\(([^)]*)/.exec(line) ?? [];
      if (tid === undefined || syscall === undefined || args === undefined) return [];
      const thread = threads.get(Number(tid));
      if (thread === undefined) throw new Error(`a thread that was not there before: ${line}`);
      const numbers = args.match(/0x[0-9a-f]+|\d+/g) ?? [];
      const [, number] = /^syscall_(0x[0-9a-f]+)$/.exec(syscall) ?? [];
      return [
        {
          role: thread.role,
          thread: thread.name,
          syscall: (number === undefined ? null : nameOf(Number(number))) ?? syscall,
          args: numbers.map(BigInt),
        },
      ];
    });
}
