// SPDX-License-Identifier: Apache-2.0

import type { Fd } from '../../src/native/types.js';
import { Request } from '../../src/vhost-user/protocol.js';
import type { FakeFrontEnd } from './fake-front-end.js';
import { memoryTable, regionNumber, u64, vringAddress, vringState } from './payloads.js';

/** One region of memory. */
export async function setUpMemory(frontEnd: FakeFrontEnd): Promise<void> {
  await frontEnd.send(Request.SET_MEM_TABLE, memoryTable([regionNumber(0)]), {
    fds: [frontEnd.newFd()],
  });
}

/** Gives a ring its kick descriptor. */
export async function kick(frontEnd: FakeFrontEnd, index: number): Promise<Fd> {
  const fd = frontEnd.newFd();
  await frontEnd.send(Request.SET_VRING_KICK, u64(BigInt(index)), { fds: [fd] });
  return fd;
}

/** Sets a ring up as QEMU does: NUM, BASE, ADDR, KICK, ENABLE. */
export async function startRing(frontEnd: FakeFrontEnd, index: number, base = 0): Promise<void> {
  await frontEnd.send(Request.SET_VRING_NUM, vringState(index, 128));
  await frontEnd.send(Request.SET_VRING_BASE, vringState(index, base));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(index));
  await kick(frontEnd, index);
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(index, 1));
}
