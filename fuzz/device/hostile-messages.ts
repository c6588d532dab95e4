// SPDX-License-Identifier: Apache-2.0

/**
 * vhost-user messages as no honest front-end sends them, on a connection whose rings may be running. Whatever becomes of
 * that connection, the next one is served.
 */

import { closeSync, ftruncateSync, openSync } from 'node:fs';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { FrontEnd } from '../../test/device/front-end.js';
import type { Machine } from '../../test/device/machine.js';
import { native, type MemoryRegion } from '../../test/device/native.js';
import {
  Ask,
  encodeMemoryTable,
  encodeMessage,
  encodeSingleRegion,
  needReply,
  Protocol,
  u32,
  u64,
  Virtio,
} from '../../test/device/vhost-user-message.js';

const MiB = 1 << 20;
const requests = Object.values(Ask);

/** What a front-end has at hand to pass: memory, eventfds, and what is neither. */
export class Descriptors {
  readonly memory = native.memfd(MiB);
  readonly #others = [openSync('/dev/null', 'r'), openSync('/', 'r')];

  some(random: Random, machine: Machine | null): number[] {
    const ring = machine === null ? null : random.pick(machine.queues).ring;
    const kinds = [this.memory, ...this.#others, ...(ring ? [ring.kickFd, ring.callFd] : [])];
    const count = random.weighted([
      [5, 0],
      [6, 1],
      [2, random.below(12)],
    ]);
    return Array.from({ length: count }, () => random.pick(kinds));
  }

  close(): void {
    native.closeFd(this.memory);
    for (const fd of this.#others) closeSync(fd);
  }
}

function someRegion(random: Random, machine: Machine | null): MemoryRegion {
  if (machine !== null && random.oneIn(3)) return random.pick(machine.regions);
  return {
    guestAddress: random.pick([0, MiB, random.below(1 << 30)]),
    size: random.pick([0, 1, 4096, MiB, MiB + 1, 2 ** random.below(53)]),
    frontendAddress: random.edgyU64(),
    fd: -1,
  };
}

function someAddresses(random: Random, machine: Machine | null): bigint[] {
  return Array.from({ length: 4 }, () =>
    machine !== null && random.oneIn(2)
      ? machine.frontEndAddress(random.below(0x30000) & ~(random.oneIn(6) ? 0 : 0xf))
      : random.edgyU64(),
  );
}

/** A payload that fits the request, mostly, with numbers that do not. */
function somePayload(request: number, random: Random, machine: Machine | null): Buffer {
  const index = random.oneIn(4) ? random.edgyU32() : random.below(4);
  switch (request) {
    case Ask.SET_MEM_TABLE: {
      const regions = Array.from({ length: random.below(10) }, () => someRegion(random, machine));
      const table = encodeMemoryTable(regions);
      if (random.oneIn(4)) table.writeUInt32LE(random.edgyU32(), 0);
      return table;
    }
    case Ask.ADD_MEM_REG:
    case Ask.REM_MEM_REG:
      return encodeSingleRegion(someRegion(random, machine));
    case Ask.SET_VRING_ADDR:
      return Buffer.concat([u32(index, random.below(3)), u64(...someAddresses(random, machine))]);
    case Ask.SET_VRING_NUM:
      return u32(index, random.oneIn(2) ? 1 << random.below(12) : random.edgyU32());
    case Ask.SET_VRING_BASE:
    case Ask.GET_VRING_BASE:
      return u32(index, random.edgyU32());
    case Ask.SET_VRING_ENABLE:
      return u32(index, random.below(3));
    case Ask.SET_VRING_KICK:
    case Ask.SET_VRING_CALL:
    case Ask.SET_VRING_ERR:
      return u64(random.oneIn(4) ? random.edgyU64() : random.below(4));
    case Ask.SET_FEATURES:
    case Ask.SET_PROTOCOL_FEATURES:
      return u64(random.edgyU64());
    case Ask.GET_CONFIG:
    case Ask.SET_CONFIG:
      return Buffer.concat([
        u32(random.below(300), random.below(300), 0),
        random.bytes(random.below(300)),
      ]);
    default:
      return Buffer.alloc(0);
  }
}

function someMessage(random: Random, machine: Machine | null): Buffer {
  const request = random.oneIn(12) ? random.edgyU32() : random.pick(requests);
  let payload = somePayload(request, random, machine);
  if (random.oneIn(12)) payload = random.bytes(random.below(300));
  const message = encodeMessage(request, payload, random.oneIn(2) ? needReply : 0);
  if (random.oneIn(20)) message.writeUInt32LE(random.edgyU32(), 4 * random.below(3));
  // Cut off: the rest never comes.
  return random.oneIn(20) ? message.subarray(0, random.below(message.length)) : message;
}

/** Sends some messages at once or one after the other, and reads none of the answers, or some. */
export function sendHostileMessages(
  frontEnd: FrontEnd,
  random: Random,
  machine: Machine | null,
  descriptors: Descriptors,
  tally: Tally,
): void {
  for (let i = random.between(1, 8); i > 0; i--) {
    tally.add('hostile messages');
    const message = someMessage(random, machine);
    if (!frontEnd.sendRaw(message, descriptors.some(random, machine))) return;
    // Waits until it was taken: the next one finds what this one has done.
    if (random.oneIn(4)) native.receive(frontEnd.fd, 4096, 1);
  }
}

/** A connection of its own that has agreed on features, or on nothing, and then misbehaves. */
export function misbehave(
  fd: number,
  random: Random,
  descriptors: Descriptors,
  tally: Tally,
): void {
  const frontEnd = new FrontEnd(fd);
  try {
    if (!random.oneIn(3)) {
      frontEnd.negotiate(
        Virtio.VERSION_1 | Virtio.EVENT_IDX,
        random.oneIn(2) ? Protocol.REPLY_ACK | Protocol.CONFIGURE_MEM_SLOTS : 0n,
      );
    }
    if (random.oneIn(6)) frontEnd.sendRaw(random.bytes(random.below(200)));
    else sendHostileMessages(frontEnd, random, null, descriptors, tally);
  } finally {
    frontEnd.close();
  }
}

/**
 * Adds memory and takes it away behind the daemon's mapping. Answers where a buffer can lie that touches it. The
 * machine's own mapping is none, so that nothing of this process touches it.
 */
export function addVanishingMemory(machine: Machine): number {
  const fd = native.memfd(MiB);
  try {
    const last = machine.regions.at(-1);
    const guestAddress = last === undefined ? 0 : last.guestAddress + last.size + MiB;
    const frontendAddress = 1n << 50n;
    machine.frontEnd.addRegion({ guestAddress, size: MiB, frontendAddress, fd });
    ftruncateSync(fd, 0);
    return guestAddress;
  } finally {
    native.closeFd(fd);
  }
}
