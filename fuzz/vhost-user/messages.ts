// SPDX-License-Identifier: Apache-2.0

/** Messages of a front-end that knows the protocol and does not keep to it. */

import { Request } from '../../src/vhost-user/protocol.js';
import {
  configWindow,
  empty,
  memoryTable,
  regionNumber,
  singleRegion,
  u64,
  vringAddress,
  vringState,
  type TestRegion,
} from '../../test/doubles/payloads.js';
import type { Random } from '../random.js';

const requests = Object.values(Request);

/** Those that a session is made of, more often than the others. */
const usual: readonly number[] = [
  ...[Request.SET_MEM_TABLE, Request.ADD_MEM_REG, Request.REM_MEM_REG, Request.SET_VRING_NUM],
  ...[Request.SET_VRING_ADDR, Request.SET_VRING_BASE, Request.GET_VRING_BASE],
  ...[Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR],
  ...[Request.SET_VRING_ENABLE, Request.SET_FEATURES, Request.RESET_DEVICE],
];

export interface FuzzedMessage {
  readonly request: number;
  readonly payload: Uint8Array;
  readonly flags: number;
  /** In the header, instead of the payload's. */
  readonly size: number;
  readonly fds: number;
}

/** What the stream is after it: at the next message, over, or somewhere in the middle of what was sent. */
export function framingOf({
  flags,
  size,
  payload,
  fds,
}: FuzzedMessage): 'whole' | 'broken' | 'unclear' {
  if ((flags & 0x7) !== 0x1 || size > 4096 || fds > 8) return 'broken';
  return size === payload.byteLength ? 'whole' : 'unclear';
}

function someRegion(random: Random): TestRegion {
  if (!random.oneIn(3)) return regionNumber(random.below(6));
  const [guest, size, frontend, offset] = [0, 1, 2, 3].map(() => random.edgyU64());
  return { guest: guest ?? 0n, size: size ?? 0n, frontend: frontend ?? 0n, offset: offset ?? 0n };
}

function someIndex(random: Random): number {
  return random.oneIn(8) ? random.edgyU32() : random.below(3);
}

function fittingPayload(request: number, random: Random): Uint8Array {
  const index = someIndex(random);
  switch (request) {
    case Request.SET_MEM_TABLE: {
      const regions = Array.from({ length: random.below(4) }, () => someRegion(random));
      const count = random.oneIn(8) ? random.edgyU32() : regions.length;
      return memoryTable(regions, { count, room: regions.length + random.pick([0, 0, 0, 1, 8]) });
    }
    case Request.ADD_MEM_REG:
    case Request.REM_MEM_REG:
      return singleRegion(someRegion(random));
    case Request.SET_VRING_ADDR:
      return vringAddress(index, { flags: random.oneIn(8) ? random.below(4) : 0 });
    case Request.SET_VRING_NUM:
      return vringState(index, random.oneIn(8) ? random.edgyU32() : 1 << random.below(11));
    case Request.SET_VRING_BASE:
      return vringState(index, random.oneIn(8) ? random.edgyU32() : random.below(0x10000));
    case Request.GET_VRING_BASE:
      return vringState(index, 0);
    case Request.SET_VRING_ENABLE:
      return vringState(index, random.oneIn(8) ? random.edgyU32() : random.below(2));
    case Request.SET_VRING_KICK:
    case Request.SET_VRING_CALL:
    case Request.SET_VRING_ERR:
      return u64(random.oneIn(8) ? random.edgyU64() : BigInt(index));
    case Request.SET_FEATURES:
      return u64(
        random.oneIn(3) ? random.edgyU64() : random.pick([0x1_7000_0000n, 0x1_3000_0000n]),
      );
    case Request.SET_PROTOCOL_FEATURES:
      return u64(random.oneIn(3) ? random.edgyU64() : random.pick([0xa029n, 0xa021n, 0xa229n]));
    case Request.GET_CONFIG:
    case Request.SET_CONFIG:
      return configWindow(random.below(300), random.below(60));
    default:
      return empty;
  }
}

/** How many descriptors belong to the request. */
function fittingFds(request: number, payload: Uint8Array): number {
  switch (request) {
    case Request.SET_MEM_TABLE:
      return payload[0] ?? 0;
    case Request.ADD_MEM_REG:
    case Request.SET_BACKEND_REQ_FD:
      return 1;
    case Request.SET_VRING_KICK:
    case Request.SET_VRING_CALL:
    case Request.SET_VRING_ERR:
      return payload[1] === 1 ? 0 : 1;
    default:
      return 0;
  }
}

export function someMessage(random: Random): FuzzedMessage {
  const request = random.weighted<() => number>([
    [12, () => random.pick(usual)],
    [6, () => random.pick(requests)],
    [1, () => random.edgyU32()],
  ])();
  const fitting = fittingPayload(request, random);
  const payload = random.oneIn(30) ? random.bytes(random.below(120)) : fitting;
  const fds = random.oneIn(40) ? random.below(12) : Math.min(fittingFds(request, fitting), 12);
  return {
    request,
    payload,
    fds,
    flags: random.oneIn(60) ? random.edgyU32() : random.oneIn(8) ? 0x1 : 0x9,
    size: random.oneIn(60) ? random.edgyU32() : payload.byteLength,
  };
}
