// SPDX-License-Identifier: Apache-2.0

/** A machine at the daemon, of a shape that the dice decide, and the FUSE clients on its queues. */

import { expectSame, Finding } from '../finding.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { Guest, Op, root } from '../../test/device/guest.js';
import { Machine, type MachineOptions } from '../../test/device/machine.js';
import { u64 } from '../../test/device/vhost-user-message.js';
import { CheckedQueue } from './checked-queue.js';

const KiB = 1024;
const MiB = 1 << 20;

/** Borders of memory regions in the midst of what requests use, and not at the beginning of pages. */
function someRegions(random: Random, queues: number): readonly number[] {
  const wanted = (queues + 4) * MiB;
  if (random.oneIn(3)) return [wanted];
  // The rings lie in the first mebibyte: each in one region, as they have to.
  const sizes = [MiB + random.below(64) * KiB];
  let rest = wanted - MiB;
  while (rest > 0 && sizes.length < 7) {
    const size = random.oneIn(2)
      ? random.between(1, 32) * 4 * KiB
      : random.between(1, 128 * KiB) * 8;
    sizes.push(size);
    rest -= size;
  }
  return [...sizes, Math.max(rest, 0) + 2 * MiB];
}

function someShape(random: Random, mostQueues: number): MachineOptions {
  const requestQueues = random.between(1, mostQueues);
  const indirect = !random.oneIn(4);
  return {
    requestQueues,
    indirect,
    ringSize: random.pick(indirect ? [1, 2, 4, 8, 16, 128, 1024] : [8, 16, 64, 128, 1024]),
    eventIdx: !random.oneIn(3),
    startIndex: random.pick([0, 0, 1, 0x7fff, 0xfff0, 0xffff]),
    regionSizes: someRegions(random, requestQueues + 1),
  };
}

export class Driver {
  readonly machine: Machine;
  readonly #guests: Guest[];
  /** The request queue that requests are under way on; null: none. */
  #busy: number | null = null;
  #agreed = 0n;

  /** Takes the connected socket over. */
  constructor(fd: number, random: Random, tally: Tally, mostQueues: number) {
    this.machine = new Machine(fd, {
      ...someShape(random, mostQueues),
      makeQueue: (memory, arena, options) =>
        new CheckedQueue(memory, arena, options, random, tally),
    });
    this.#guests = this.machine.queues.map((queue) => new Guest(queue));
  }

  get requestQueues(): number {
    return this.#guests.length - 1;
  }

  get hiprio(): Guest {
    return this.guestOn(0);
  }

  guestOn(index: number): Guest {
    const guest = this.#guests[index];
    if (guest === undefined) throw new Error(`there is no queue ${index}`);
    return guest;
  }

  /** A request queue that nothing is under way on. */
  someQueue(random: Random): number {
    if (this.#busy === null) return random.between(1, this.requestQueues);
    return random.pick(this.allQueues.filter((index) => index > 0 && index !== this.#busy));
  }

  /** Does something while requests are under way on a queue, which is left alone. */
  whileBusy(index: number, act: () => void): void {
    this.#busy = index;
    try {
      act();
    } finally {
      this.#busy = null;
    }
  }

  someGuest(random: Random): Guest {
    return this.guestOn(this.someQueue(random));
  }

  queue(index: number): CheckedQueue {
    const queue = this.machine.queue(index);
    if (!(queue instanceof CheckedQueue)) throw new Error('a queue of another kind');
    return queue;
  }

  /** INIT, by which a new session begins. */
  init(random: Random): void {
    const guest = this.someGuest(random);
    const { status } = guest.init(random.pick([36, 38, 40]));
    if (status !== 'OK') throw new Finding(`INIT: ${status}`);
    this.#agreed = guest.agreed;
    for (const other of this.#guests) other.agreed = this.#agreed;
  }

  /** Stops a ring and lets it go on where it was. What was taken before has been answered by then. */
  stopAndContinue(index: number): void {
    const queue = this.queue(index);
    const base = this.machine.frontEnd.stopRing(index);
    expectSame(`the base of ring ${index}`, base, queue.ring.usedIndex);
    if (index !== this.#busy) expectSame(`the base of ring ${index}`, base, queue.availableIndex);
    this.machine.startQueue(queue, base);
  }

  /** Stops a ring, whatever state it is in, and sets it up afresh. */
  renew(index: number): void {
    this.machine.frontEnd.stopRing(index);
    this.setUpAfresh(index);
  }

  /** Precondition: the ring is stopped. */
  setUpAfresh(index: number): void {
    const guest = new Guest(this.machine.renewQueue(index));
    guest.agreed = this.#agreed;
    this.#guests[index] = guest;
  }

  /** A valid request on each of these queues is answered as it should be. */
  checkQueues(indices: readonly number[]): void {
    for (const index of indices) {
      const reply = this.guestOn(index).request(Op.GETATTR, root, u64(0, 0));
      const isRight = reply.status === 'OK' && (reply.attributes.mode & 0o170000) === 0o040000;
      if (!isRight) throw new Finding(`GETATTR on queue ${index}: ${reply.status}`);
    }
  }

  get allQueues(): readonly number[] {
    return this.#guests.map((_, index) => index);
  }

  close(): void {
    this.machine.close();
  }
}
