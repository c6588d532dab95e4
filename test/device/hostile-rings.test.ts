// SPDX-License-Identifier: Apache-2.0

// Rings that break the specification. Each costs the guest that ring, and nobody anything else.

import t from 'tap';
import { Op, root } from './guest.js';
import type { Machine } from './machine.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import { u64 } from './vhost-user-message.js';
import { Desc, encodeDescriptor, type Descriptor, type Virtqueue } from './virtqueue.js';

const daemon = await startVfsd(t);

interface Violation {
  readonly what: string;
  /** Writes what is wrong, and returns the heads to publish. */
  readonly prepare: (queue: Virtqueue, machine: Machine) => readonly number[];
  readonly indirect?: boolean;
}

/** A valid GETATTR in memory. */
function buffers(queue: Virtqueue, machine: Machine): { request: number; reply: number } {
  const request = queue.arena.take(56);
  const reply = queue.arena.take(120);
  queue.memory.write(
    request,
    Buffer.concat([machine.guest.header(Op.GETATTR, root, 16), u64(0, 0)]),
  );
  return { request, reply };
}

/** A chain of these in the ring's own table, from descriptor 0 on. */
function chain(descriptors: (at: { request: number; reply: number }) => readonly Descriptor[]) {
  return (queue: Virtqueue, machine: Machine): readonly number[] => {
    descriptors(buffers(queue, machine)).forEach((descriptor, index) => {
      queue.writeDescriptor(index, descriptor);
    });
    return [0];
  };
}

/** One indirect table of these. */
function table(
  descriptors: (at: { request: number; reply: number }) => readonly Descriptor[],
  reference: Partial<Descriptor> = {},
) {
  return (queue: Virtqueue, machine: Machine): readonly number[] => {
    const entries = Buffer.concat(descriptors(buffers(queue, machine)).map(encodeDescriptor));
    const address = queue.arena.take(entries.length);
    queue.memory.write(address, entries);
    queue.writeDescriptor(0, {
      address,
      length: entries.length,
      flags: Desc.INDIRECT,
      ...reference,
    });
    return [0];
  };
}

const { NEXT, WRITE, INDIRECT } = Desc;
const outside = 1n << 40n;
const valid = ({ request, reply }: { request: number; reply: number }): Descriptor[] => [
  { address: request, length: 56, flags: NEXT, next: 1 },
  { address: reply, length: 120, flags: WRITE },
];

const violations: readonly Violation[] = [
  {
    what: 'a chain that leads to itself',
    prepare: chain(({ request }) => [{ address: request, length: 56, flags: NEXT, next: 0 }]),
  },
  {
    what: 'a loop of two',
    prepare: chain(({ request }) => [
      { address: request, length: 40, flags: NEXT, next: 1 },
      { address: request + 40, length: 16, flags: NEXT, next: 0 },
    ]),
  },
  {
    what: 'a loop of descriptors of no bytes',
    prepare: chain(() => [{ address: 0, length: 0, flags: NEXT, next: 0 }]),
  },
  {
    what: 'next out of range',
    prepare: chain(({ request }) => [{ address: request, length: 56, flags: NEXT, next: 128 }]),
  },
  {
    what: 'next far out of range',
    prepare: chain(({ request }) => [{ address: request, length: 56, flags: NEXT, next: 0xffff }]),
  },
  { what: 'a head out of range', prepare: () => [128] },
  { what: 'a head far out of range', prepare: () => [0xffff] },
  {
    what: 'a buffer outside memory',
    prepare: chain(() => [{ address: outside, length: 56 }]),
  },
  {
    what: 'a buffer whose end is outside memory',
    prepare: chain(() => [{ address: (32 << 20) - 8, length: 56 }]),
  },
  {
    what: 'a buffer that wraps around the address space',
    prepare: chain(() => [{ address: 2n ** 64n - 8n, length: 56 }]),
  },
  {
    what: 'a buffer of 4 GiB',
    prepare: chain(({ request }) => [{ address: request, length: 0xffffffff }]),
  },
  {
    what: 'a writable buffer outside memory',
    prepare: chain(({ request }) => [
      { address: request, length: 56, flags: NEXT, next: 1 },
      { address: outside, length: 120, flags: WRITE },
    ]),
  },
  {
    what: 'readable behind writable',
    prepare: chain(({ request, reply }) => [
      { address: reply, length: 120, flags: WRITE | NEXT, next: 1 },
      { address: request, length: 56 },
    ]),
  },
  {
    what: 'an indirect table that was not negotiated',
    prepare: table(valid),
    indirect: false,
  },
  {
    what: 'an indirect table in an indirect table',
    prepare: table(({ request }) => [{ address: request, length: 16, flags: INDIRECT }]),
  },
  {
    what: 'INDIRECT together with NEXT',
    prepare: table(valid, { flags: INDIRECT | NEXT, next: 1 }),
  },
  { what: 'an indirect table of no bytes', prepare: table(valid, { length: 0 }) },
  { what: 'an indirect table of 17 bytes', prepare: table(valid, { length: 17 }) },
  { what: 'an indirect table outside memory', prepare: table(valid, { address: outside }) },
  {
    what: 'an indirect table that ends outside memory',
    prepare: (queue, machine) => {
      const { request } = buffers(queue, machine);
      const address = (32 << 20) - 16;
      queue.memory.write(
        address,
        encodeDescriptor({ address: request, length: 56, flags: NEXT, next: 1 }),
      );
      queue.writeDescriptor(0, { address, length: 32, flags: INDIRECT });
      return [0];
    },
  },
  {
    what: 'an indirect table that wraps around the address space',
    prepare: table(valid, { address: 2n ** 64n - 16n }),
  },
  { what: 'an indirect table of 4 GiB', prepare: table(valid, { length: 0xfffffff0 }) },
  {
    what: 'next out of range in an indirect table',
    prepare: table(({ request }) => [{ address: request, length: 56, flags: NEXT, next: 2 }]),
  },
  {
    what: 'a loop in an indirect table',
    prepare: table(({ request }) => [
      { address: request, length: 40, flags: NEXT, next: 1 },
      { address: request + 40, length: 16, flags: NEXT, next: 0 },
    ]),
  },
];

for (const { what, prepare, indirect = true } of violations) {
  t.test(`${what} breaks its ring and no other`, async (t) => {
    const machine = await connectMachine(t, daemon, { requestQueues: 2, indirect });
    machine.guest.init();
    const broken = machine.queue(1);
    const other = machine.queue(2);
    broken.arena.clear();
    // All descriptors of the table that are not written here are zero, and so are used ones.
    for (let index = 0; index < 128; index++) {
      broken.writeDescriptor(index, { address: 0, length: 0 });
    }
    for (const head of prepare(broken, machine)) broken.ring.publish(head);
    broken.ring.expose();
    t.ok(broken.ring.waitError(3000), 'the front-end is told');
    t.equal(broken.ring.wait(20), false, 'nothing comes back');

    const request = machine.guest.header(Op.GETATTR, root, 16);
    other.submit([request, u64(0, 0)], [16, 104]);
    t.equal(other.collect().length, 120, 'the other queue goes on');

    t.type(machine.frontEnd.stopRing(1), 'number', 'GET_VRING_BASE answers');
    const renewed = machine.renewQueue(1);
    renewed.submit([request, u64(0, 0)], [16, 104]);
    t.equal(renewed.collect().length, 120, 'the ring can be set up again');
    machine.close();
  });
}

t.test('an avail index that jumps breaks its ring and no other', async (t) => {
  for (const jump of [129, 1000, 0x8000, 0xffff]) {
    const machine = await connectMachine(t, daemon, { requestQueues: 2 });
    machine.guest.init();
    const { ring } = machine.queue(1);
    ring.forceAvailIndex(1 + jump);
    ring.kick();
    t.ok(ring.waitError(3000), `by ${jump}`);
    const header = machine.guest.header(Op.GETATTR, root, 16);
    machine.queue(2).submit([header, u64(0, 0)], [16, 104]);
    t.equal(machine.queue(2).collect().length, 120);
    machine.frontEnd.stopRing(1);
    machine.renewQueue(1);
    machine.close();
  }
});

t.test('kicks without requests are harmless', async (t) => {
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  for (let i = 0; i < 1000; i++) machine.queue(1).ring.kick();
  stillServes(t, machine.guest, 'a thousand kicks');
  machine.close();
});

t.test('a broken high-priority queue leaves the requests alone', async (t) => {
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  const { ring } = machine.queue(0);
  ring.publish(0x1234);
  ring.expose();
  t.ok(ring.waitError(3000));
  stillServes(t, machine.guest, 'the loss of hiprio');
  machine.close();
});
