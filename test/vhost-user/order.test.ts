// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import type { RingIndex } from '../../src/native/types.js';
import { Request } from '../../src/vhost-user/protocol.js';
import { allFeatures, allProtocolFeatures, FakeFrontEnd } from '../doubles/fake-front-end.js';
import {
  empty,
  memoryTable,
  regionNumber,
  singleRegion,
  u64,
  vringAddress,
  vringState,
} from '../doubles/payloads.js';
import { setUpMemory, startRing } from '../doubles/set-up.js';

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

/** A message that is right by itself: request, payload, number of descriptors. */
function anyMessage(random: Random): [number, Uint8Array, number] {
  const ring = random(3);
  const messages: [number, Uint8Array, number][] = [
    [Request.SET_FEATURES, u64(random(2) ? allFeatures : 1n << 32n), 0],
    [Request.SET_PROTOCOL_FEATURES, u64(allProtocolFeatures), 0],
    [Request.SET_MEM_TABLE, memoryTable([regionNumber(random(2))]), 1],
    [Request.ADD_MEM_REG, singleRegion(regionNumber(random(4))), 1],
    [Request.REM_MEM_REG, singleRegion(regionNumber(random(4))), 0],
    [Request.SET_VRING_NUM, vringState(ring, 64), 0],
    [Request.SET_VRING_BASE, vringState(ring, random(100)), 0],
    [Request.SET_VRING_ADDR, vringAddress(ring), 0],
    [Request.SET_VRING_KICK, u64(BigInt(ring)), 1],
    [Request.SET_VRING_CALL, u64(BigInt(ring)), 1],
    [Request.SET_VRING_ERR, u64(BigInt(ring)), 1],
    [Request.SET_VRING_ENABLE, vringState(ring, random(2)), 0],
    [Request.GET_VRING_BASE, vringState(ring, 0), 0],
    [Request.RESET_DEVICE, empty, 0],
  ];
  return messages[random(messages.length)] ?? [Request.RESET_DEVICE, empty, 0];
}

/** Sends a message while rings start or not, drain slowly or at once, break, and are told to stop. */
async function step(frontEnd: FakeFrontEnd, random: Random): Promise<void> {
  const { device, session } = frontEnd;
  let drained: () => void = () => undefined;
  device.startAnswer = random(4) ? undefined : { refused: 'not in memory' };
  if (random(2)) device.drain = new Promise((resolve) => (drained = resolve));
  const [request, payload, count] = anyMessage(random);
  const fds = Array.from({ length: count }, () => frontEnd.newFd());
  await frontEnd.send(request, payload, { fds, needReply: request !== Request.GET_VRING_BASE });
  if (!random(4)) session.ringBroken(random(3) as RingIndex, 'a loop');
  if (!random(30)) session.stop();
  drained();
  device.drain = Promise.resolve();
  await frontEnd.settle();
}

t.test('in whatever order messages come, each is answered and the session ends', async (t) => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomFrom(seed);
    const frontEnd = new FakeFrontEnd();
    await frontEnd.negotiate();
    await setUpMemory(frontEnd);
    await startRing(frontEnd, 1);
    const before = frontEnd.replies.length;
    let sent = 0;
    while (sent < 40 && !frontEnd.isFinished) {
      await step(frontEnd, random);
      sent += 1;
    }
    const answered = frontEnd.replies.length - before;
    if (frontEnd.isFinished) await frontEnd.finished;
    else {
      if (answered !== sent) t.fail(`seed ${seed}: ${answered} of ${sent} are answered`);
      await frontEnd.disconnect();
    }
    if (frontEnd.binding.openFds.size > 0) t.fail(`seed ${seed} left descriptors open`);
    if (frontEnd.device.running.size > 0) t.fail(`seed ${seed} left rings running`);
    if (frontEnd.device.resets === 0) t.fail(`seed ${seed} did not end the FUSE session`);
  }
  t.pass('all sessions have ended');
});
