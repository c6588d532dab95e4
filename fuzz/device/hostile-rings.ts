// SPDX-License-Identifier: Apache-2.0

/**
 * Rings that break the specification. What is wrong on purpose breaks its ring, is told to the front-end, and costs no
 * other ring anything; what is any noise is answered, or breaks its ring. Either way the ring can be set up again.
 */

import type { Random } from '../random.js';
import { expectTrue } from '../finding.js';
import { Op, root } from '../../test/device/guest.js';
import { u64 } from '../../test/device/vhost-user-message.js';
import { Desc, encodeDescriptor, type Descriptor } from '../../test/device/virtqueue.js';
import type { CheckedQueue } from './checked-queue.js';
import type { Action, Actions, Play } from './play.js';

const { NEXT, WRITE, INDIRECT } = Desc;
const noiseSize = 512;
const patienceMs = 5000;
/** Behind all memory that a machine has. */
const outside = 1n << 40n;

/** Writes something wrong, and answers the head to publish. */
type Violation = (queue: CheckedQueue, random: Random, valid: Valid) => number;

/** A GETATTR that could be served, in the first descriptors of the ring's table. */
interface Valid {
  readonly request: Descriptor;
  readonly reply: Descriptor;
}

function withTable(
  queue: CheckedQueue,
  descriptors: readonly Descriptor[],
  reference = {},
): number {
  const entries = Buffer.concat(descriptors.map(encodeDescriptor));
  const address = queue.arena.take(Math.max(entries.length, 1));
  queue.memory.write(address, entries);
  queue.writeDescriptor(0, { address, length: entries.length, flags: INDIRECT, ...reference });
  return 0;
}

function withChain(queue: CheckedQueue, descriptors: readonly Descriptor[]): number {
  descriptors.forEach((descriptor, index) => {
    queue.writeDescriptor(index % queue.options.size, descriptor);
  });
  return 0;
}

const violations: readonly Violation[] = [
  // A loop.
  (queue, _random, { request }) => withChain(queue, [{ ...request, flags: NEXT, next: 0 }]),
  (queue) => withChain(queue, [{ address: 0, length: 0, flags: NEXT, next: 0 }]),
  // Next, or the head, out of range.
  (queue, random, { request }) =>
    withChain(queue, [
      { ...request, flags: NEXT, next: random.between(queue.options.size, 0xffff) },
    ]),
  (queue, random) => random.between(queue.options.size, 0xffff),
  // Buffers that are not in memory, or not all of them.
  (queue, random) =>
    withChain(queue, [
      { address: outside + BigInt(random.u32()), length: random.between(1, 0xffff) },
    ]),
  (queue, random, { request }) =>
    withChain(queue, [{ ...request, length: random.between(0x8000_0000, 0xffff_ffff) }]),
  (queue, random) =>
    withChain(queue, [{ address: (1n << 64n) - BigInt(random.between(1, 64)), length: 128 }]),
  // Tables of an impossible length, or place.
  (queue, random, { request }) =>
    withTable(queue, [request], { length: random.pick([0, 1, 15, 17, 0xffff_fff0, 16 * 1025]) }),
  (queue, random, { request }) =>
    withTable(queue, [request], { address: outside + (random.u64() % outside) }),
  // A table in a table, or with a successor.
  (queue, _random, { request }) => withTable(queue, [{ ...request, flags: INDIRECT, length: 16 }]),
  (queue, _random, { request, reply }) =>
    withTable(queue, [{ ...request, flags: NEXT, next: 1 }, reply], { flags: INDIRECT | NEXT }),
  // A loop in a table, and a way out of it.
  (queue, _random, { request }) => withTable(queue, [{ ...request, flags: NEXT, next: 0 }]),
  (queue, random, { request }) =>
    withTable(queue, [{ ...request, flags: NEXT, next: random.between(1, 0xffff) }]),
  // Readable behind writable.
  (queue, _random, { request, reply }) =>
    withTable(queue, [{ ...reply, flags: WRITE | NEXT, next: 1 }, request]),
];

function layValid(play: Play, queue: CheckedQueue): Valid {
  const header = play.driver.guestOn(queue.options.index).header(Op.GETATTR, root, 16);
  const request = queue.arena.take(56);
  queue.memory.write(request, Buffer.concat([header, u64(0, 0)]));
  const reply = queue.arena.take(120);
  return {
    request: { address: request, length: 56 },
    reply: { address: reply, length: 120, flags: WRITE },
  };
}

/** All queues but this one go on; this one too, once it is set up again. */
function recover(play: Play, index: number): void {
  const { driver } = play;
  driver.checkQueues(driver.allQueues.filter((other) => other !== index));
  driver.renew(index);
  driver.checkQueues([index]);
}

const violate: Action = (play) => {
  const { random, driver } = play;
  const index = random.below(driver.requestQueues + 1);
  const queue = driver.queue(index);
  const which = random.below(violations.length);
  play.note(`violation ${which} on queue ${index}`);
  queue.arena.clear();
  const head = violations[which]?.(queue, random, layValid(play, queue)) ?? 0;
  queue.ring.publish(head);
  queue.ring.expose();
  expectTrue(`violation ${which} is told to the front-end`, queue.ring.waitError(patienceMs));
  expectTrue('nothing comes back', queue.ring.pop() === null);
  recover(play, index);
};

const jump: Action = (play) => {
  const { random, driver } = play;
  const index = random.below(driver.requestQueues + 1);
  const queue = driver.queue(index);
  const least = queue.options.size + 1;
  const by = random.oneIn(3) ? least : random.between(least, 0xffff);
  play.note(`the avail index of queue ${index} jumps by ${by}`);
  queue.ring.forceAvailIndex((queue.availableIndex + by) & 0xffff);
  queue.ring.kick();
  expectTrue('a jump is told to the front-end', queue.ring.waitError(patienceMs));
  recover(play, index);
};

/**
 * An address where noise may lie. What is read from there is no request that was meant earnestly, and answers go where
 * none is under way: also into the ring itself, over its descriptors and indices.
 */
function someAddress(random: Random, queue: CheckedQueue, place: number, flags: number): bigint {
  const isWritable = (flags & WRITE) !== 0;
  return random.weighted<() => bigint>([
    [12, () => BigInt(place + random.below(noiseSize))],
    [isWritable ? 6 : 0, () => BigInt(queue.options.place + random.below(0xc000))],
    [1, () => outside],
    [1, () => random.edgyU64() | outside],
  ])();
}

function someDescriptor(random: Random, queue: CheckedQueue, place: number): Descriptor {
  const flags = random.oneIn(12)
    ? random.below(0x10000)
    : random.pick([0, NEXT, NEXT, WRITE, WRITE | NEXT]);
  return {
    address: someAddress(random, queue, place, flags),
    length: random.oneIn(6) ? random.edgyU32() : random.below(200),
    flags,
    next: random.oneIn(12) ? random.below(0x10000) : random.below(queue.options.size),
  };
}

/**
 * A table full of noise, and requests of noise. Whether a chain of it can be served nobody can say beforehand: the
 * daemon has to come to an end with each, or to give the ring up.
 */
const noise: Action = (play) => {
  const { random, driver } = play;
  const index = driver.someQueue(random);
  const queue = driver.queue(index);
  const count = Math.min(queue.options.size, random.between(1, 8));
  play.note(`${count} chains of noise on queue ${index}`);
  queue.arena.clear();
  const place = queue.arena.take(noiseSize + 256);
  queue.memory.write(place, someNoise(random));
  for (let i = 0; i < Math.min(queue.options.size, 32); i++) {
    const descriptor = someDescriptor(random, queue, place);
    const table = { flags: INDIRECT, length: 16 * random.between(1, 8) };
    queue.writeDescriptor(i, random.oneIn(4) ? { ...descriptor, ...table } : descriptor);
  }
  for (let i = 0; i < count; i++) queue.ring.publish(random.below(queue.options.size));
  queue.ring.expose();
  // The stop is complete when each chain that was taken has been answered, and a ring that is broken stops at once.
  recover(play, index);
};

/** Headers of requests with any opcode but those that end or begin a session, of nodes that nobody has. */
function someNoise(random: Random): Buffer {
  const bytes = random.bytes(noiseSize + 256);
  for (let at = 0; at + 40 < bytes.length; at += 8 * random.between(1, 8)) {
    bytes.writeUInt32LE(random.between(0, 200), at);
    bytes.writeUInt32LE(
      random.pick([Op.GETATTR, Op.READ, Op.LOOKUP, Op.READDIR, Op.STATX, 77]),
      at + 4,
    );
    bytes.writeBigUInt64LE(random.u64() | (1n << 63n), at + 16);
  }
  return bytes;
}

const idleKicks: Action = (play) => {
  const { driver, random } = play;
  const index = random.below(driver.requestQueues + 1);
  play.note(`kicks without a request on queue ${index}`);
  for (let i = random.between(1, 50); i > 0; i--) driver.queue(index).ring.kick();
};

export const hostileRings: Actions = [
  [6, violate],
  [2, jump],
  [4, noise],
  [1, idleKicks],
];
