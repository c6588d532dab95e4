// SPDX-License-Identifier: Apache-2.0

/** Plays processes of the guest that lock a file: an owner for each, on one handle. */

import { Op, root, type Guest } from './guest.js';
import { u32, u64 } from './vhost-user-message.js';
import { Reply } from './fuse-reply.js';

/** Types of locks, as in fcntl.h. */
export const Lock = { SHARED: 0, EXCLUSIVE: 1, NONE: 2 } as const;
export type LockType = (typeof Lock)[keyof typeof Lock];

const toTheEnd = 0x7fff_ffff_ffff_ffffn;
const wholeFile = 1;

export interface LockOptions {
  /** Of flock(2): the handle's. */
  readonly whole?: boolean;
  readonly start?: bigint | number;
  /** The last byte. */
  readonly end?: bigint | number;
}

export interface FoundLock {
  readonly start: bigint;
  readonly end: bigint;
  readonly type: number;
  readonly pid: number;
}

export class LockedFile {
  readonly guest: Guest;
  readonly node: bigint;
  readonly handle: bigint;

  constructor(guest: Guest, name: string, flags = 2) {
    this.guest = guest;
    this.node = guest.lookup(root, name).node;
    this.handle = guest.open(this.node, flags).handle;
  }

  /** SETLK. */
  set(owner: number, type: LockType, options: LockOptions = {}): string {
    return this.guest.request(Op.SETLK, this.node, this.#body(owner, type, options)).status;
  }

  /** SETLKW, whose answer {@link next} gets. Returns the chain's head. */
  wait(owner: number, type: LockType, options: LockOptions = {}): number {
    return this.guest.start(Op.SETLKW, this.node, this.#body(owner, type, options), { room: 0 });
  }

  /** SETLK of no lock, whose answer {@link nextAnswer} gets. Returns the chain's head. */
  unlock(owner: number): number {
    const body = this.#body(owner, Lock.NONE, {});
    return this.guest.start(Op.SETLK, this.node, body, { room: 0 });
  }

  /** GETLK. */
  find(owner: number, type: LockType, options: LockOptions = {}): FoundLock {
    const { payload } = this.guest.request(Op.GETLK, this.node, this.#body(owner, type, options));
    return {
      start: payload.readBigUInt64LE(0),
      end: payload.readBigUInt64LE(8),
      type: payload.readUInt32LE(16),
      pid: payload.readUInt32LE(20),
    };
  }

  /** The process closes the file: one of its descriptors, not the last. */
  close(owner: number): string {
    return this.guest.flush(this.node, this.handle, owner).status;
  }

  #body(owner: number, type: LockType, { whole, start = 0, end = toTheEnd }: LockOptions): Buffer {
    return Buffer.concat([
      u64(this.handle, owner, start, end),
      u32(type, owner, whole === true ? wholeFile : 0, 0),
    ]);
  }
}

/** The next answer on the queue, and whose it is. */
export function nextAnswer(guest: Guest, timeoutMs?: number): { head: number; status: string } {
  const { head, bytes } = guest.queue.collect(timeoutMs);
  return { head, status: new Reply(bytes.readInt32LE(4), bytes.subarray(16)).status };
}
