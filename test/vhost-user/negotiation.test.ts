// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Request } from '../../src/vhost-user/protocol.js';
import { allFeatures, allProtocolFeatures, FakeFrontEnd } from '../doubles/fake-front-end.js';
import { configWindow, empty, regionNumber, singleRegion, u64 } from '../doubles/payloads.js';
import { setUpMemory, startRing } from '../doubles/set-up.js';

t.test('the features that are offered', async (t) => {
  const frontEnd = new FakeFrontEnd();
  const features = await frontEnd.ask(Request.GET_FEATURES);
  t.same(features?.payload, u64(allFeatures), 'VERSION_1, INDIRECT, EVENT_IDX, protocol features');
  t.equal(features?.flags, 0x5, 'version 1, reply');
  t.equal(features?.request, Request.GET_FEATURES);
  const protocol = await frontEnd.ask(Request.GET_PROTOCOL_FEATURES);
  t.same(protocol?.payload, u64(allProtocolFeatures));
  await frontEnd.disconnect();
});

t.test('CONFIG is offered with a tag only', async (t) => {
  const frontEnd = new FakeFrontEnd({ tag: 'src' });
  const protocol = await frontEnd.ask(Request.GET_PROTOCOL_FEATURES);
  t.same(protocol?.payload, u64(allProtocolFeatures | (1n << 9n)));
  await frontEnd.disconnect();
});

t.test('features that were not offered are refused', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  t.equal(await frontEnd.acknowledge(Request.SET_FEATURES, u64(1n << 34n)), 1n);
  t.equal(await frontEnd.acknowledge(Request.SET_PROTOCOL_FEATURES, u64(1n << 1n)), 1n);
  t.notOk(frontEnd.isFinished, 'the front-end has been told, so the session goes on');
  await frontEnd.send(Request.SET_FEATURES, u64(1n << 34n));
  t.ok(frontEnd.isFinished, 'without an acknowledgement the session is reset');
  t.match(frontEnd.logger.at('error').join(), /SET_FEATURES.*0x400000000.*not offered/);
});

t.test('acknowledgements', async (t) => {
  const frontEnd = new FakeFrontEnd();
  t.equal(
    await frontEnd.ask(Request.SET_OWNER, empty, { needReply: true }),
    null,
    'none before REPLY_ACK was negotiated',
  );
  t.equal(
    await frontEnd.acknowledge(Request.SET_PROTOCOL_FEATURES, u64(allProtocolFeatures)),
    0n,
    'the message that negotiates it gets one',
  );
  t.equal(await frontEnd.acknowledge(Request.SET_OWNER), 0n);
  t.equal(await frontEnd.ask(Request.SET_OWNER), null, 'none for who does not ask');
  t.equal(await frontEnd.acknowledge(Request.RESET_OWNER), 0n, 'ignored');
  const reply = await frontEnd.ask(Request.GET_FEATURES, empty, { needReply: true });
  t.same(reply?.payload, u64(allFeatures), 'a request with an answer of its own gets only that');
  await frontEnd.disconnect();
});

t.test('the number of queues counts hiprio', async (t) => {
  const frontEnd = new FakeFrontEnd({ requestQueues: 5 });
  await frontEnd.negotiate();
  t.same((await frontEnd.ask(Request.GET_QUEUE_NUM))?.payload, u64(6n));
  await frontEnd.disconnect();
});

t.test('memory slots', async (t) => {
  const frontEnd = new FakeFrontEnd({ memorySlots: 509 });
  await frontEnd.negotiate();
  t.same((await frontEnd.ask(Request.GET_MAX_MEM_SLOTS))?.payload, u64(509n));
  await frontEnd.disconnect();
});

t.test('requests that are unknown, or whose feature was not negotiated', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  const region = singleRegion(regionNumber(0));
  for (const request of [99, Request.SET_LOG_FD, Request.IOTLB_MSG, Request.SET_CONFIG]) {
    t.equal(await frontEnd.acknowledge(request, region), 1n, `${request} fails`);
  }
  t.equal(await frontEnd.ask(99, region), null, 'without an acknowledgement it is ignored');
  t.equal(await frontEnd.ask(Request.SEND_RARP, u64(0n), { fds: [frontEnd.newFd()] }), null);
  t.equal(frontEnd.binding.openFds.size, 1, 'its descriptor is closed');
  t.match(frontEnd.logger.at('warn').at(-1), /ignored SEND_RARP/);
  t.notOk(frontEnd.isFinished);
  await frontEnd.send(Request.GET_INFLIGHT_FD, u64(0n));
  t.ok(frontEnd.isFinished, 'a front-end that waits for an answer cannot be left waiting');
});

t.test('a feature that is offered exists only when it was negotiated', async (t) => {
  const frontEnd = new FakeFrontEnd({ tag: 'src' });
  await frontEnd.negotiate(1n << 3n);
  for (const request of [Request.RESET_DEVICE, Request.ADD_MEM_REG, Request.SET_BACKEND_REQ_FD]) {
    t.equal(await frontEnd.acknowledge(request), 1n);
  }
  await frontEnd.send(Request.GET_CONFIG, configWindow(0, 40));
  t.ok(frontEnd.isFinished);
});

t.test("the back-end's channel is kept until the end", async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  t.equal(await frontEnd.acknowledge(Request.SET_BACKEND_REQ_FD, empty, [frontEnd.newFd()]), 0n);
  t.equal(frontEnd.binding.openFds.size, 2);
  t.equal(await frontEnd.acknowledge(Request.SET_BACKEND_REQ_FD, empty, [frontEnd.newFd()]), 0n);
  t.equal(frontEnd.binding.openFds.size, 2, 'a new one replaces it');
  t.equal(await frontEnd.acknowledge(Request.SET_BACKEND_REQ_FD), 1n, 'none came along');
  await frontEnd.disconnect();
  t.equal(frontEnd.binding.openFds.size, 0);
});

t.test('the configuration space', async (t) => {
  const frontEnd = new FakeFrontEnd({ tag: 'süß', requestQueues: 3 });
  await frontEnd.negotiate(allProtocolFeatures | (1n << 9n));
  const whole = await frontEnd.ask(Request.GET_CONFIG, configWindow(0, 40));
  const space = Buffer.from(whole?.payload.subarray(12) ?? empty);
  t.equal(space.toString('utf8', 0, 36).replace(/\0+$/, ''), 'süß');
  t.equal(space.readUInt32LE(36), 3);
  const part = await frontEnd.ask(Request.GET_CONFIG, configWindow(36, 8));
  t.same([...(part?.payload ?? [])], [36, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
  for (const [name, payload] of Object.entries({
    'behind its end': configWindow(250, 7),
    'a length that wraps': configWindow(0xffff_fff0, 0x20, 0),
    'shorter than it says': configWindow(0, 40, 10),
    'longer than it says': configWindow(0, 4, 10),
    'no window': u64(0n),
  })) {
    const reply = await frontEnd.ask(Request.GET_CONFIG, payload);
    t.equal(reply?.payload.byteLength, 0, `${name}: the answer without payload says no`);
  }
  t.equal(await frontEnd.acknowledge(Request.SET_CONFIG, configWindow(0, 4)), 1n, 'not writable');
  t.equal(await frontEnd.ask(Request.SET_CONFIG, configWindow(0, 4)), null, 'a guest can cause it');
  t.notOk(frontEnd.isFinished);
  await frontEnd.disconnect();
});

t.test('features cannot change while a ring runs', async (t) => {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  await setUpMemory(frontEnd);
  await startRing(frontEnd, 1);
  t.equal(await frontEnd.acknowledge(Request.SET_FEATURES, u64(allFeatures)), 0n, 'the same ones');
  t.equal(await frontEnd.acknowledge(Request.SET_FEATURES, u64(1n << 30n)), 1n, 'others');
  await frontEnd.disconnect();
});
