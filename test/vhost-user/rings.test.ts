// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import type { RingIndex } from '../../src/native/types.js';
import { Request } from '../../src/vhost-user/protocol.js';
import { allFeatures, allProtocolFeatures, FakeFrontEnd } from '../doubles/fake-front-end.js';
import { empty, u64, vringAddress, vringState } from '../doubles/payloads.js';
import { kick, setUpMemory, startRing } from '../doubles/set-up.js';

const noFd = 0x100n;

async function connected(): Promise<FakeFrontEnd> {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  await setUpMemory(frontEnd);
  return frontEnd;
}

function indices(frontEnd: FakeFrontEnd): number[] {
  return [...frontEnd.device.running.keys()];
}

t.test('a ring runs when it is set up, has a kick descriptor and is enabled', async (t) => {
  const frontEnd = await connected();
  const call = frontEnd.newFd();
  await frontEnd.send(Request.SET_VRING_CALL, u64(1n), { fds: [call] });
  await frontEnd.send(Request.SET_VRING_NUM, vringState(1, 256));
  await frontEnd.send(Request.SET_VRING_BASE, vringState(1, 7));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(1));
  const kickFd = await kick(frontEnd, 1);
  t.same(indices(frontEnd), [], 'not yet enabled');
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 1));
  t.same(frontEnd.device.running.get(1 as RingIndex), {
    index: 1,
    size: 256,
    availableBase: 7,
    descriptorAddress: 0x1000n,
    usedAddress: 0x2000n,
    availableAddress: 0x3000n,
    eventIdx: true,
    indirect: true,
    kick: kickFd,
    call,
  });
  await frontEnd.disconnect();
  t.equal(frontEnd.binding.openFds.size, 0);
});

t.test('kick may come after enable', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(0, 1));
  await startRing(frontEnd, 0);
  t.same(indices(frontEnd), [0]);
  await frontEnd.disconnect();
});

t.test('without the protocol feature bit rings are enabled from the start', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate(undefined, 1n << 32n);
  await setUpMemory(frontEnd);
  await frontEnd.send(Request.SET_VRING_NUM, vringState(0, 128));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(0));
  await kick(frontEnd, 0);
  t.same(indices(frontEnd), [0]);
  const setup = frontEnd.device.running.get(0 as RingIndex);
  t.notOk(setup?.eventIdx, 'and without the features that were not accepted');
  t.notOk(setup?.indirect);
  t.equal(await frontEnd.acknowledge(Request.RESET_DEVICE), 0n);
  t.same(indices(frontEnd), []);
  await frontEnd.send(Request.SET_VRING_NUM, vringState(0, 128));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(0));
  await kick(frontEnd, 0);
  t.same(indices(frontEnd), [0], 'also after a reset');
  await frontEnd.disconnect();
});

t.test('stop and cont keep memory and the FUSE session', async (t) => {
  const frontEnd = await connected();
  await startRing(frontEnd, 1, 0xfff0);
  frontEnd.device.served = 0x20;
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_ENABLE, vringState(1, 0)), 0n);
  t.same(indices(frontEnd), []);
  const reply = await frontEnd.ask(Request.GET_VRING_BASE, vringState(1, 0));
  t.same(reply?.payload, vringState(1, 0x10), 'the next index, modulo 2^16');
  await startRing(frontEnd, 1, 0x10);
  t.equal(frontEnd.device.running.get(1 as RingIndex)?.availableBase, 0x10);
  t.equal(frontEnd.device.memory.length, 1);
  t.equal(frontEnd.device.resets, 0);
  await frontEnd.disconnect();
});

t.test('GET_VRING_BASE is answered when the ring has been drained, and stops it', async (t) => {
  const frontEnd = await connected();
  await startRing(frontEnd, 1);
  let drained: () => void = () => undefined;
  frontEnd.device.drain = new Promise((resolve) => (drained = resolve));
  t.equal(await frontEnd.ask(Request.GET_VRING_BASE, vringState(1, 0)), null, 'not yet');
  t.equal(await frontEnd.ask(Request.GET_FEATURES), null, 'nor what comes after it');
  drained();
  await frontEnd.settle();
  t.same(
    frontEnd.replies.map(({ request }) => request),
    [Request.GET_VRING_BASE, Request.GET_FEATURES],
  );
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 0));
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 1));
  t.same(indices(frontEnd), [], 'only a new kick descriptor starts it again');
  await kick(frontEnd, 1);
  t.same(indices(frontEnd), [1]);
  await frontEnd.disconnect();
});

t.test('GET_VRING_BASE of a ring that never ran answers its base', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_VRING_BASE, vringState(2, 99));
  const reply = await frontEnd.ask(Request.GET_VRING_BASE, vringState(2, 0));
  t.same(reply?.payload, vringState(2, 99));
  await frontEnd.disconnect();
});

t.test('a running ring takes a new call, kick and address', async (t) => {
  const frontEnd = await connected();
  await startRing(frontEnd, 1);
  const fd = frontEnd.newFd();
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_CALL, u64(1n), [fd]), 0n);
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_CALL, u64(1n | noFd)), 0n, 'polling');
  t.notOk(frontEnd.binding.openFds.has(fd), 'the old one is closed');
  t.match(frontEnd.device.calls.join(), /setCall\(1, fd\),setCall\(1, null\)/);
  frontEnd.device.served = 3;
  const kickFd = await kick(frontEnd, 1);
  t.equal(frontEnd.device.running.get(1 as RingIndex)?.kick, kickFd);
  t.equal(frontEnd.device.running.get(1 as RingIndex)?.availableBase, 3, 'it goes on there');
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(1, { used: 0x9000n }));
  t.equal(frontEnd.device.running.get(1 as RingIndex)?.usedAddress, 0x9000n);
  frontEnd.device.callAnswer = { errno: 24, code: 'EMFILE', syscall: 'dup' };
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_CALL, u64(1n), [frontEnd.newFd()]), 1n);
  await frontEnd.disconnect();
  t.equal(frontEnd.binding.openFds.size, 0);
});

t.test('malformed ring messages are refused, one by one', async (t) => {
  const frontEnd = await connected();
  const fds = frontEnd.binding.openFds.size;
  const refused: [string, number, Uint8Array, number][] = [
    ['NUM of a ring that is not there', Request.SET_VRING_NUM, vringState(3, 128), 0],
    ['NUM 0', Request.SET_VRING_NUM, vringState(0, 0), 0],
    ['NUM not a power of two', Request.SET_VRING_NUM, vringState(0, 100), 0],
    ['NUM too large', Request.SET_VRING_NUM, vringState(0, 2048), 0],
    ['NUM with the top bit', Request.SET_VRING_NUM, vringState(0, 0x8000_0000), 0],
    ['NUM too short', Request.SET_VRING_NUM, new Uint8Array(4), 0],
    ['NUM too long', Request.SET_VRING_NUM, new Uint8Array(16), 0],
    ['BASE beyond 16 bits', Request.SET_VRING_BASE, vringState(0, 0x10000), 0],
    ['BASE of a ring that is not there', Request.SET_VRING_BASE, vringState(255, 0), 0],
    ['ADDR too short', Request.SET_VRING_ADDR, new Uint8Array(39), 0],
    ['ADDR too long', Request.SET_VRING_ADDR, new Uint8Array(48), 0],
    ['ADDR with a log', Request.SET_VRING_ADDR, vringAddress(0, { flags: 1 }), 0],
    ['ADDR of a ring that is not there', Request.SET_VRING_ADDR, vringAddress(9), 0],
    ['ENABLE 2', Request.SET_VRING_ENABLE, vringState(0, 2), 0],
    ['ENABLE of a ring that is not there', Request.SET_VRING_ENABLE, vringState(3, 1), 0],
    ['KICK without a descriptor', Request.SET_VRING_KICK, u64(0n), 0],
    ['KICK with two', Request.SET_VRING_KICK, u64(0n), 2],
    ['KICK to be polled', Request.SET_VRING_KICK, u64(noFd), 0],
    ['KICK of a ring that is not there', Request.SET_VRING_KICK, u64(77n), 1],
    ['KICK with unknown bits', Request.SET_VRING_KICK, u64(1n << 40n), 1],
    ['KICK with a descriptor and bit 8', Request.SET_VRING_KICK, u64(noFd), 1],
    ['CALL without a descriptor', Request.SET_VRING_CALL, u64(0n), 0],
    ['CALL too short', Request.SET_VRING_CALL, new Uint8Array(7), 1],
    ['CALL with eight', Request.SET_VRING_CALL, u64(0n), 8],
    ['ERR of a ring that is not there', Request.SET_VRING_ERR, u64(200n), 1],
    ['ERR without a payload', Request.SET_VRING_ERR, empty, 1],
  ];
  for (const [name, request, payload, count] of refused) {
    const passed = Array.from({ length: count }, () => frontEnd.newFd());
    t.equal(await frontEnd.acknowledge(request, payload, passed), 1n, name);
    t.equal(frontEnd.binding.openFds.size, fds, `${name}: no descriptor is left`);
  }
  await startRing(frontEnd, 1);
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_NUM, vringState(1, 64)), 1n, 'it runs');
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_BASE, vringState(1, 1)), 1n, 'it runs');
  t.same(indices(frontEnd), [1], 'the session serves on');
  await frontEnd.disconnect();
});

t.test('a refused message without acknowledgement resets the session', async (t) => {
  for (const [request, payload] of [
    [Request.SET_VRING_NUM, vringState(0, 3)],
    [Request.GET_VRING_BASE, vringState(77, 0)],
    [Request.GET_VRING_BASE, empty],
  ] as const) {
    const frontEnd = await connected();
    await startRing(frontEnd, 1);
    await frontEnd.send(request, payload);
    t.ok(frontEnd.isFinished);
    t.same(indices(frontEnd), []);
    t.equal(frontEnd.device.resets, 1);
    t.equal(frontEnd.binding.openFds.size, 0);
  }
});

t.test('a bad GET_VRING_BASE is never answered with something like a base', async (t) => {
  const frontEnd = await connected();
  const reply = await frontEnd.ask(Request.GET_VRING_BASE, vringState(77, 0), { needReply: true });
  t.equal(reply, null);
  t.ok(frontEnd.isFinished);
});

t.test('a ring that the native side refuses', async (t) => {
  const frontEnd = await connected();
  frontEnd.device.startAnswer = { refused: 'the used ring is not in memory' };
  await frontEnd.send(Request.SET_VRING_NUM, vringState(1, 128));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(1));
  await kick(frontEnd, 1);
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_ENABLE, vringState(1, 1)), 1n);
  t.match(frontEnd.logger.at('warn').at(-1), /SET_VRING_ENABLE.*used ring is not in memory/);
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_ENABLE, vringState(1, 1)), 1n, 'still so');
  frontEnd.device.startAnswer = undefined;
  await kick(frontEnd, 1);
  t.same(indices(frontEnd), [1], 'may be tried again');
  t.equal(await frontEnd.acknowledge(Request.SET_VRING_ENABLE, vringState(1, 1)), 0n, 'it runs');
  t.equal(frontEnd.device.calls.filter((call) => call === 'startRing(1)').length, 3);
  await frontEnd.disconnect();
});

t.test('a ring that its driver broke', async (t) => {
  const frontEnd = await connected();
  const error = frontEnd.newFd();
  await frontEnd.send(Request.SET_VRING_ERR, u64(1n), { fds: [error] });
  await startRing(frontEnd, 0);
  await startRing(frontEnd, 1);
  frontEnd.session.ringBroken(1 as RingIndex, 'a loop');
  frontEnd.session.ringBroken(1 as RingIndex, 'a loop');
  frontEnd.session.ringBroken(0 as RingIndex, 'no error descriptor');
  frontEnd.session.ringBroken(2 as RingIndex, 'it does not run');
  t.same(frontEnd.binding.signalled, [error], 'signalled once');
  t.match(frontEnd.logger.at('error')[0], /ring 1 is broken.*a loop/);
  await frontEnd.ask(Request.GET_VRING_BASE, vringState(1, 0));
  await startRing(frontEnd, 1);
  frontEnd.session.ringBroken(1 as RingIndex, 'again');
  t.equal(frontEnd.binding.signalled.length, 2, 'after a new set-up it counts anew');
  await frontEnd.disconnect();
});

t.test('RESET_DEVICE before the features are known enables nothing', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.send(Request.SET_PROTOCOL_FEATURES, u64(allProtocolFeatures));
  t.equal(await frontEnd.acknowledge(Request.RESET_DEVICE), 0n);
  await frontEnd.send(Request.SET_FEATURES, u64(allFeatures));
  await setUpMemory(frontEnd);
  await frontEnd.send(Request.SET_VRING_NUM, vringState(0, 128));
  await frontEnd.send(Request.SET_VRING_ADDR, vringAddress(0));
  await kick(frontEnd, 0);
  t.same(indices(frontEnd), []);
  await frontEnd.disconnect();
});

t.test('RESET_DEVICE keeps what QEMU does not send again', async (t) => {
  const frontEnd = await connected();
  const call = frontEnd.newFd();
  await frontEnd.send(Request.SET_VRING_CALL, u64(1n), { fds: [call] });
  await startRing(frontEnd, 1, 5);
  const kickFd = frontEnd.device.running.get(1 as RingIndex)?.kick;
  t.equal(await frontEnd.acknowledge(Request.RESET_DEVICE), 0n);
  t.same(indices(frontEnd), []);
  t.equal(frontEnd.device.resets, 1);
  t.equal(frontEnd.device.memory.length, 1, 'memory stays');
  t.notOk(kickFd !== undefined && frontEnd.binding.openFds.has(kickFd), 'kick is closed');
  await kick(frontEnd, 1);
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 1));
  t.same(indices(frontEnd), [], 'size and addresses are forgotten');
  await startRing(frontEnd, 1);
  t.equal(frontEnd.device.running.get(1 as RingIndex)?.call, call, 'the call descriptor stays');
  t.equal(await frontEnd.acknowledge(Request.RESET_DEVICE, u64(0n)), 1n, 'it has no payload');
  await frontEnd.disconnect();
});
