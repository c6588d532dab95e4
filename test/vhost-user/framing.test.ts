// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Request } from '../../src/vhost-user/protocol.js';
import { encodeMessage, FakeFrontEnd, type MessageOptions } from '../doubles/fake-front-end.js';
import { empty, memoryTable, regionNumber, u64, vringState } from '../doubles/payloads.js';
import { setUpMemory, startRing } from '../doubles/set-up.js';

t.test('a message may arrive byte by byte', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  const fd = frontEnd.newFd();
  const bytes = encodeMessage(Request.SET_MEM_TABLE, memoryTable([regionNumber(0)]));
  for (let position = 0; position < bytes.byteLength; position += 1) {
    const fds = position === 0 ? [fd] : [];
    frontEnd.binding.deliver(frontEnd.socket, bytes.subarray(position, position + 1), fds);
    if (position % 7 === 0) await frontEnd.settle();
  }
  await frontEnd.settle();
  t.equal(frontEnd.device.memory[0]?.fd, fd);
  await frontEnd.disconnect();
});

t.test('several messages may arrive at once', async (t) => {
  const frontEnd = new FakeFrontEnd();
  const get = encodeMessage(Request.GET_FEATURES, empty);
  frontEnd.binding.deliver(frontEnd.socket, Buffer.concat([get, get, get]));
  await frontEnd.settle();
  t.equal(frontEnd.replies.length, 3);
  await frontEnd.disconnect();
});

t.test('what is no message ends the session, with every descriptor closed', async (t) => {
  const bad: [string, MessageOptions, number][] = [
    ['version 0', { flags: 0x0 }, 0],
    ['version 2', { flags: 0x2 }, 1],
    ['an answer', { flags: 0x5 }, 2],
    ['a payload longer than any', { size: 4097 }, 0],
    ['a payload of 4 GiB', { size: 0xffff_ffff }, 8],
    ['nine descriptors', {}, 9],
  ];
  for (const [name, options, count] of bad) {
    const frontEnd = new FakeFrontEnd();
    await frontEnd.negotiate();
    await setUpMemory(frontEnd);
    await startRing(frontEnd, 1);
    const fds = Array.from({ length: count }, () => frontEnd.newFd());
    await frontEnd.send(Request.SET_VRING_CALL, u64(0n), { ...options, fds });
    t.ok(frontEnd.isFinished, name);
    t.equal(frontEnd.binding.openFds.size, 0, `${name}: descriptors`);
    t.equal(frontEnd.device.running.size, 0, `${name}: rings`);
    t.equal(frontEnd.logger.at('error').length, 1, `${name}: one line`);
  }
});

t.test('the connection ends', async (t) => {
  const whole = encodeMessage(Request.SET_VRING_CALL, u64(0n));
  for (const length of [0, 1, 11, 12, 19]) {
    const frontEnd = new FakeFrontEnd();
    if (length > 0) {
      const fds = [frontEnd.newFd()];
      frontEnd.binding.deliver(frontEnd.socket, whole.subarray(0, length), fds);
    }
    await frontEnd.settle();
    await frontEnd.disconnect();
    t.equal(frontEnd.logger.at('error').length, length === 0 ? 0 : 1, `after ${length} bytes`);
    t.equal(frontEnd.binding.openFds.size, 0);
    t.equal(frontEnd.device.resets, 1);
  }
});

t.test('a socket that fails ends the session', async (t) => {
  const frontEnd = new FakeFrontEnd();
  frontEnd.binding.socket(frontEnd.socket).sendFailure = {
    errno: 11,
    code: 'EAGAIN',
    syscall: 'sendmsg',
  };
  await frontEnd.ask(Request.GET_FEATURES);
  t.ok(frontEnd.isFinished, 'a front-end that does not read its answers');
  const another = new FakeFrontEnd();
  another.binding.socket(another.socket).receiveFailure = {
    errno: 104,
    code: 'ECONNRESET',
    syscall: 'recvmsg',
  };
  another.binding.wake(another.socket);
  await another.finished;
  t.match(another.logger.at('error')[0], /recvmsg.*ECONNRESET/);
});

t.test('random bytes never do more than end the session', async (t) => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fff_ffff;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 300; round += 1) {
    const frontEnd = new FakeFrontEnd({ tag: 'x' });
    await frontEnd.negotiate();
    await startRing(frontEnd, 1);
    for (let n = 0; n < 5 && !frontEnd.isFinished; n += 1) {
      const payload = Uint8Array.from({ length: random(60) }, () => (random(3) ? 0 : random(256)));
      const fds = Array.from({ length: random(4) ? random(3) : 0 }, () => frontEnd.newFd());
      await frontEnd.send(random(46), payload, { fds, needReply: random(4) !== 0 });
    }
    if (!frontEnd.isFinished) await frontEnd.disconnect();
    if (frontEnd.binding.openFds.size > 0) t.fail(`round ${round} left descriptors open`);
    if (frontEnd.device.running.size > 0) t.fail(`round ${round} left rings running`);
  }
  t.pass('no descriptor and no ring is left');
});

t.test('stop() while a message is being served ends the session without complaint', async (t) => {
  for (const send of [
    (frontEnd: FakeFrontEnd) => frontEnd.send(Request.GET_VRING_BASE, vringState(1, 0)),
    (frontEnd: FakeFrontEnd) =>
      frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 0), { needReply: true }),
  ]) {
    const frontEnd = new FakeFrontEnd();
    await frontEnd.negotiate();
    await setUpMemory(frontEnd);
    await startRing(frontEnd, 1);
    let drained: () => void = () => undefined;
    frontEnd.device.drain = new Promise((resolve) => (drained = resolve));
    await send(frontEnd);
    frontEnd.session.stop();
    await frontEnd.settle();
    t.notOk(frontEnd.isFinished, 'the ring is stopped first');
    drained();
    await frontEnd.finished;
    t.same(frontEnd.replies, []);
    t.same([...frontEnd.logger.at('warn'), ...frontEnd.logger.at('error')], []);
    t.equal(frontEnd.binding.openFds.size, 0);
    t.equal(frontEnd.device.resets, 1);
  }
});

t.test('stop() ends a session that waits', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.settle();
  frontEnd.session.stop();
  await frontEnd.finished;
  t.equal(frontEnd.binding.openFds.size, 0);
});
