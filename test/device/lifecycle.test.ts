// SPDX-License-Identifier: Apache-2.0

// What VMMs do to a device in the course of its life.

import { ftruncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { FrontEnd } from './front-end.js';
import { Op, root } from './guest.js';
import { openFiles, processTree } from './process-tree.js';
import { connectMachine, openScene, startVfsd, stillServes } from './scene.js';
import { Ask, encodeMessage, u32, u64 } from './vhost-user-message.js';
import { Desc } from './virtqueue.js';

const MiB = 1 << 20;
const furnish = (share: string) => {
  writeFileSync(`${share}/file`, 'content');
};

t.test('stop and cont keep the session', async (t) => {
  const { machine, guest } = await openScene(t, { furnish });
  const { node } = guest.lookup(root, 'file');
  const { handle } = guest.open(node, 0);
  for (let round = 0; round < 5; round++) {
    for (const queue of machine.queues) machine.frontEnd.enableRing(queue.options.index, false);
    const bases = machine.queues.map((queue) => machine.frontEnd.stopRing(queue.options.index));
    t.equal(bases[1], machine.queue(1).ring.usedIndex, 'everything was drained');
    // A request that comes while the machine is stopped waits for its continuation.
    guest.start(Op.GETATTR, root, u64(0, 0));
    t.equal(guest.queue.ring.wait(10), false, 'a stopped ring serves nothing');
    machine.queues.forEach((queue, index) => {
      machine.startQueue(queue, bases[index]);
    });
    t.equal(guest.finish().status, 'OK', 'served after cont');
    t.equal(guest.read(node, handle, 0, 10).text, 'content', `round ${round}`);
  }
});

t.test('a front-end that shares no memory is told how to', async (t) => {
  const daemon = await startVfsd(t);
  const machine = await connectMachine(t, daemon, { start: false });
  // As QEMU does with private memory: everything but SET_MEM_TABLE.
  t.throws(() => {
    machine.startQueue(machine.queue(1));
  });
  machine.close();
  const next = await connectMachine(t, daemon);
  next.guest.init();
  stillServes(t, next.guest, 'the next front-end');
  t.match(daemon.output, /the guest's memory is not shared; .*memory-backend-memfd.*share=on/);
});

t.test('a disabled ring waits until it is enabled', async (t) => {
  const { machine, guest } = await openScene(t);
  machine.frontEnd.enableRing(1, false);
  guest.start(Op.GETATTR, root, u64(0, 0));
  t.equal(guest.queue.ring.wait(10), false);
  machine.frontEnd.enableRing(1, true);
  t.equal(guest.finish().status, 'OK');
});

t.test('GET_VRING_BASE drains what is under way', async (t) => {
  const { machine, guest } = await openScene(t);
  for (let i = 0; i < 50; i++) guest.start(Op.GETATTR, root, u64(0, 0));
  const base = machine.frontEnd.stopRing(1);
  t.equal(machine.queue(1).ring.usedIndex, base, 'every request that was taken is answered');
  machine.startQueue(machine.queue(1), base);
  for (let i = 0; i < 50; i++) t.equal(guest.finish().status, 'OK');
});

t.test('memory comes and goes while the rings run', async (t) => {
  const { machine, guest } = await openScene(t);
  for (let round = 0; round < 10; round++) {
    const region = machine.memory.add(0x1_0000_0000, 4 * MiB);
    machine.frontEnd.addRegion(region);
    const { queue } = guest;
    const { memory } = queue;
    const message = Buffer.concat([guest.header(Op.GETATTR, root, 16), u64(0, 0)]);
    memory.write(region.guestAddress, message);
    const reply = region.guestAddress + 4096;
    const chain = [
      { address: region.guestAddress, length: 56 },
      { address: reply, length: 120, flags: 2 },
    ];
    queue.ring.publish(queue.place(chain, 'direct', [{ address: reply, length: 120 }]));
    queue.ring.expose();
    t.equal(queue.collect().length, 120, 'a request in new memory');
    machine.frontEnd.removeRegion(region);
    memory.remove(region.guestAddress);
    stillServes(t, guest, 'its removal');
  }
});

t.test('a request in memory that was removed breaks its ring', async (t) => {
  const { machine, guest } = await openScene(t);
  const region = machine.memory.add(0x1_0000_0000, 4 * MiB);
  machine.frontEnd.addRegion(region);
  machine.frontEnd.removeRegion(region);
  guest.queue.ring.publish(
    guest.queue.place([{ address: region.guestAddress, length: 56 }], 'direct', []),
  );
  guest.queue.ring.expose();
  t.ok(guest.queue.ring.waitError(3000));
  machine.frontEnd.stopRing(1);
  const queue = machine.renewQueue(1);
  queue.submit([guest.header(Op.GETATTR, root, 16), u64(0, 0)], [16, 104]);
  t.equal(queue.collect().length, 120);
});

for (const [how, flags] of [
  ['read', 0],
  ['written', Desc.WRITE],
] as const) {
  t.test(`memory that the front-end shrinks behind its mapping, ${how}`, async (t) => {
    const { machine, guest, daemon } = await openScene(t);
    const region = machine.memory.add(0x1_0000_0000, 4 * MiB);
    machine.frontEnd.addRegion(region);
    // From here on, whoever touches it gets SIGBUS.
    ftruncateSync(region.fd, 0);
    const { ring, memory, arena } = guest.queue;
    const request = Buffer.concat([guest.header(Op.GETATTR, root, 16), u64(0, 0)]);
    const address = arena.take(request.length);
    memory.write(address, request);
    const lost = { address: region.guestAddress, length: 4096, flags };
    const chain = flags === 0 ? [lost] : [{ address, length: request.length }, lost];
    ring.publish(guest.queue.place(chain, 'direct', []));
    ring.expose();
    t.ok(ring.waitError(3000), 'it costs the ring');
    t.type(machine.frontEnd.stopRing(1), 'number', 'which can be stopped');
    machine.close();
    const next = await connectMachine(t, daemon);
    next.guest.init();
    stillServes(t, next.guest, 'the next front-end');
  });
}

t.test('SET_MEM_TABLE may come again while the rings run', async (t) => {
  const { machine, guest } = await openScene(t);
  for (let i = 0; i < 10; i++) {
    machine.frontEnd.setMemory(machine.regions);
    stillServes(t, guest, 'SET_MEM_TABLE');
  }
});

t.test('RESET_DEVICE ends the session, and the driver begins anew', async (t) => {
  const { machine, guest } = await openScene(t, { furnish });
  const { node } = guest.lookup(root, 'file');
  machine.frontEnd.command(Ask.RESET_DEVICE, u32());
  for (const queue of machine.queues) machine.renewQueue(queue.options.index);
  const queue = machine.queue(1);
  queue.submit([guest.header(Op.GETATTR, node, 16), u64(0, 0)], [16, 104]);
  t.equal(queue.collect().bytes.readInt32LE(4), -107, 'ENOTCONN before INIT');
});

t.test('a front-end may go at any time, and the next one is served', async (t) => {
  const daemon = await startVfsd(t, { furnish });
  const greeting = encodeMessage(Ask.GET_FEATURES, u32());
  for (let cut = 0; cut <= greeting.length; cut++) {
    const frontEnd = new FrontEnd(await daemon.connect());
    frontEnd.sendRaw(greeting.subarray(0, cut));
    frontEnd.close();
  }
  for (const when of ['before the start', 'while a request is under way', 'after INIT']) {
    const machine = await connectMachine(t, daemon, { start: when !== 'before the start' });
    if (when === 'after INIT') machine.guest.init();
    if (when.startsWith('while')) machine.guest.start(Op.INIT, 0n, u32(7, 38, 0, 0));
    machine.close();
    const next = await connectMachine(t, daemon);
    t.equal(next.guest.getattr(root).status, 'ENOTCONN', `${when}: the session ended with it`);
    next.guest.init();
    t.equal(next.guest.lookup(root, 'file').status, 'OK');
    next.close();
  }
});

t.test('a hundred connections leave nothing behind in the worker', async (t) => {
  const daemon = await startVfsd(t, { furnish });
  const worker = processTree(daemon.pid).at(-1) ?? 0;
  const count = async () => {
    // The daemon takes the next connection when the last one's end is dealt with.
    const machine = await connectMachine(t, daemon);
    const { size } = openFiles(worker);
    machine.close();
    return size;
  };
  const before = await count();
  for (let i = 0; i < 100; i++) {
    const machine = await connectMachine(t, daemon, { requestQueues: 2 });
    machine.guest.init();
    const { node } = machine.guest.lookup(root, 'file');
    machine.guest.open(node, 0);
    machine.guest.opendir(root);
    if (i % 2 === 0) machine.guest.destroy();
    machine.close();
  }
  t.equal(await count(), before);
});

t.test('without REPLY_ACK everything works as well', async (t) => {
  const daemon = await startVfsd(t, { furnish });
  const machine = await connectMachine(t, daemon, { start: false });
  machine.frontEnd.hasReplyAck = false;
  machine.frontEnd.command(Ask.SET_PROTOCOL_FEATURES, u64(0));
  machine.start();
  machine.guest.init();
  t.equal(machine.guest.lookup(root, 'file').status, 'OK');
});
