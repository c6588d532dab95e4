// SPDX-License-Identifier: Apache-2.0

// What a driver may do although few do it: the device must take every legal layout.

import { writeFileSync } from 'node:fs';
import t from 'tap';
import { Op, root } from './guest.js';
import { native } from './native.js';
import { connectMachine, openScene, startVfsd, stillServes } from './scene.js';
import { u64 } from './vhost-user-message.js';
import { Desc, encodeDescriptor, linkDescriptors, type Descriptor } from './virtqueue.js';

const MiB = 1 << 20;

t.test('every way to use a ring works', async (t) => {
  const daemon = await startVfsd(t);
  for (const eventIdx of [true, false]) {
    for (const indirect of [true, false]) {
      const machine = await connectMachine(t, daemon, { eventIdx, indirect });
      machine.guest.init();
      for (let i = 0; i < 300; i++) machine.guest.getattr(root);
      stillServes(t, machine.guest, `EVENT_IDX ${String(eventIdx)}, INDIRECT ${String(indirect)}`);
      machine.close();
    }
  }
});

t.test('every size of a ring works', async (t) => {
  const daemon = await startVfsd(t);
  for (let ringSize = 1; ringSize <= 1024; ringSize *= 2) {
    const machine = await connectMachine(t, daemon, { ringSize });
    const { guest } = machine;
    guest.init();
    for (let round = 0; round < 3; round++) {
      const heads = Array.from({ length: ringSize }, () =>
        guest.start(Op.GETATTR, root, u64(0, 0)),
      );
      t.equal(heads.length, ringSize);
      heads.forEach(() => guest.finish());
    }
    stillServes(t, guest, `rings of ${ringSize}`);
    machine.close();
  }
});

t.test('a buffer may cross from one memory region into the next', async (t) => {
  const { machine, guest } = await openScene(t, {
    furnish: (share) => {
      writeFileSync(`${share}/file`, Buffer.alloc(64 * 1024, 'abcdefgh'));
    },
    machine: { regionSizes: [8 * MiB, 4096, 8 * MiB] },
  });
  const { node } = guest.lookup(root, 'file');
  const { handle } = guest.open(node, 2);
  const queue = guest.queue;
  const border = 8 * MiB;
  const body = Buffer.concat([u64(handle, 0), u64(60000), u64(0), u64(0)]);
  const header = guest.header(Op.READ, node, body.length);

  for (const before of [1, 15, 16, 17, 39, 4000, 20000]) {
    // The reply lies across the border, and its payload across the small region in the middle.
    const reply = border - before;
    machine.memory.write(reply, Buffer.alloc(16 + 60000, 0xa5));
    queue.arena.clear();
    const request = queue.arena.take(200);
    machine.memory.write(request, Buffer.concat([header, body]));
    const chain = [
      { address: request, length: header.length + body.length },
      { address: reply, length: 16 + 60000, flags: Desc.WRITE },
    ];
    queue.ring.publish(queue.place(chain, 'indirect', [{ address: reply, length: 16 + 60000 }]));
    queue.ring.expose();
    const { length, bytes } = queue.collect();
    t.equal(length, 60016, `${before} bytes before the border`);
    t.equal(bytes.readUInt32LE(0), 60016);
    t.ok(bytes.subarray(16).equals(Buffer.alloc(60000, 'abcdefgh')));
  }

  for (const before of [1, 20, 39, 40, 41, 79]) {
    const request = border - before;
    machine.memory.write(request, Buffer.concat([header, body]));
    queue.arena.clear();
    const reply = queue.arena.take(70000);
    const chain = [
      { address: request, length: header.length + body.length },
      { address: reply, length: 70000, flags: Desc.WRITE },
    ];
    queue.ring.publish(queue.place(chain, 'direct', [{ address: reply, length: 70000 }]));
    queue.ring.expose();
    t.equal(queue.collect().length, 60016, `the request, ${before} bytes before the border`);
  }
  stillServes(t, guest, 'buffers across regions');
});

t.test('an indirect table may cross from one memory region into the next', async (t) => {
  const { machine, guest } = await openScene(t, { machine: { regionSizes: [8 * MiB, 8 * MiB] } });
  const { queue } = guest;
  for (const before of [1, 7, 15, 16, 17, 24, 32, 47]) {
    queue.arena.clear();
    const request = queue.arena.take(56);
    const reply = queue.arena.take(120);
    const message = Buffer.concat([guest.header(Op.GETATTR, root, 16), u64(0, 0)]);
    machine.memory.write(request, message);
    const entries: Descriptor[] = [
      { address: request, length: 40 },
      { address: request + 40, length: 16 },
      { address: reply, length: 16, flags: Desc.WRITE },
      { address: reply + 16, length: 104, flags: Desc.WRITE },
    ];
    const table = 8 * MiB - before;
    machine.memory.write(table, Buffer.concat(linkDescriptors(entries).map(encodeDescriptor)));
    const reference = { address: table, length: 64, flags: Desc.INDIRECT };
    queue.ring.publish(queue.place([reference], 'direct', [{ address: reply, length: 120 }]));
    queue.ring.expose();
    const { bytes, length } = queue.collect();
    t.strictSame([length, bytes.readInt32LE(4)], [120, 0], `${before} bytes before the border`);
  }
});

t.test('odd but legal chains work', async (t) => {
  const { machine, guest } = await openScene(t);
  const { queue } = guest;
  const send = (
    what: string,
    chain: (request: number, reply: number) => Descriptor[],
    layout: 'direct' | 'indirect',
  ) => {
    queue.arena.clear();
    const request = queue.arena.take(56);
    const reply = queue.arena.take(120);
    machine.memory.write(request, Buffer.concat([guest.header(Op.GETATTR, root, 16), u64(0, 0)]));
    queue.ring.publish(
      queue.place(chain(request, reply), layout, [{ address: reply, length: 120 }]),
    );
    queue.ring.expose();
    const { bytes, length } = queue.collect();
    t.strictSame([length, bytes.readInt32LE(4)], [120, 0], what);
  };
  const bytewise = (address: number, length: number, flags = 0) =>
    Array.from({ length }, (_, index) => ({ address: address + index, length: 1, flags }));

  for (const layout of ['direct', 'indirect'] as const) {
    send(
      `descriptors of no bytes, ${layout}`,
      (request, reply) => [
        { address: 0, length: 0 },
        { address: request, length: 56 },
        { address: 2n ** 64n - 1n, length: 0 },
        { address: 0, length: 0, flags: Desc.WRITE },
        { address: reply, length: 120, flags: Desc.WRITE },
        { address: 0, length: 0, flags: Desc.WRITE },
      ],
      layout,
    );
    send(
      `all in one piece each, ${layout}`,
      (request, reply) => [
        { address: request, length: 56 },
        { address: reply, length: 120, flags: Desc.WRITE },
      ],
      layout,
    );
    send(
      `the headers in pieces of one byte, ${layout}`,
      (request, reply) => [
        ...bytewise(request, 40),
        { address: request + 40, length: 16 },
        ...bytewise(reply, 16, Desc.WRITE),
        { address: reply + 16, length: 104, flags: Desc.WRITE },
      ],
      layout,
    );
  }
  send(
    'everything in pieces of one byte',
    (request, reply) => [...bytewise(request, 56), ...bytewise(reply, 120, Desc.WRITE)],
    'indirect',
  );
  // virtio 1.3, 2.7.5.3.2: direct descriptors may come before the one with an indirect table.
  send(
    'an indirect table behind direct descriptors',
    (request, reply) => {
      const table = queue.arena.take(64);
      const rest: Descriptor[] = [
        { address: request + 40, length: 16 },
        { address: reply, length: 16, flags: Desc.WRITE },
        { address: reply + 16, length: 104, flags: Desc.WRITE },
      ];
      machine.memory.write(table, Buffer.concat(linkDescriptors(rest).map(encodeDescriptor)));
      return [
        { address: request, length: 40 },
        { address: table, length: 48, flags: Desc.INDIRECT },
      ];
    },
    'direct',
  );
  stillServes(t, guest, 'odd chains');
});

t.test('indices wrap around, with every combination of features', async (t) => {
  const daemon = await startVfsd(t);
  for (const eventIdx of [true, false]) {
    for (const ringSize of [2, 128]) {
      const machine = await connectMachine(t, daemon, { eventIdx, ringSize, startIndex: 65500 });
      const { guest } = machine;
      guest.init();
      for (let i = 0; i < 200; i++) guest.getattr(root);
      t.equal(machine.frontEnd.stopRing(1), (65500 + 201) & 0xffff);
      machine.close();
    }
  }
});

t.test('70,000 requests and more go through one ring', async (t) => {
  const { machine, guest } = await openScene(t, { machine: { regionSizes: [64 * MiB] } });
  const { attributes } = guest.getattr(root);
  for (const depth of [1, 16]) {
    const result = native.runWorkload({
      memory: machine.memory,
      base: 4 * MiB,
      ring: guest.queue.ring,
      hiprio: machine.queue(0).ring,
      depth,
      durationMs: 20_000,
      maxOperations: 35_000,
      kind: 'getattr',
      node: root,
      inode: attributes.ino,
      size: Number(attributes.size),
    });
    t.equal(result.failure, null);
    t.ok(result.operations >= 35_000, `${depth} at a time`);
  }
  stillServes(t, guest, '70,000 requests');
});

t.test('several queues work at the same time', async (t) => {
  const daemon = await startVfsd(t);
  const machine = await connectMachine(t, daemon, { requestQueues: 4 });
  machine.guest.init();
  const [, ...queues] = machine.queues;
  for (let round = 0; round < 50; round++) {
    for (const queue of queues) {
      for (let i = 0; i < 4; i++) {
        const header = machine.guest.header(Op.GETATTR, root, 16);
        queue.submit([header, u64(0, 0)], [16, 104]);
      }
    }
    for (const queue of queues) {
      for (let i = 0; i < 4; i++) t.equal(queue.collect().length, 120);
    }
  }
});
