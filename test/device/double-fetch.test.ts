// SPDX-License-Identifier: Apache-2.0

// A guest that changes a request while it is served. What was checked must be what is used: each answer is that of one
// whole request, though nobody can say which.

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Op, root, terminated } from './guest.js';
import type { Machine } from './machine.js';
import { native } from './native.js';
import { Reply } from './fuse-reply.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';
import { Desc, encodeDescriptor, linkDescriptors, type Descriptor } from './virtqueue.js';

const turns = 20_000;
const outHeader = 16;
const replySize = 4096;

const daemon = await startVfsd(t, {
  // Without a sandbox nothing but the check itself stands between the guest and what is outside.
  options: ['--sandbox=none', '--xattr'],
  furnish: (share) => {
    mkdirSync(join(share, 'inner'));
    writeFileSync(join(share, 'inside'), 'inside');
    writeFileSync(join(share, '..', 'beside'), 'beside');
  },
});
const { share } = daemon.workplace;

/** One request in memory, given to the device again and again. */
class Repeated {
  readonly machine: Machine;
  readonly request: number;
  readonly descriptors: number;
  readonly chain: readonly Descriptor[];
  readonly #bytes: Uint8Array;
  readonly #reply: number;

  constructor(machine: Machine, request: Uint8Array) {
    this.machine = machine;
    this.#bytes = request;
    const queue = machine.queue(1);
    queue.arena.clear();
    this.request = queue.arena.take(request.length);
    this.#reply = queue.arena.take(replySize);
    this.chain = linkDescriptors([
      { address: this.request, length: request.length },
      { address: this.#reply, length: replySize, flags: Desc.WRITE },
    ]);
    this.descriptors = queue.descriptorsAt;
    this.restore();
  }

  /** As it was at first: a descriptor that changed may have led an answer to anywhere. */
  restore(): void {
    const queue = this.machine.queue(1);
    queue.memory.write(this.request, this.#bytes);
    this.chain.forEach((descriptor, index) => {
      queue.writeDescriptor(index, descriptor);
    });
  }

  /** What the device makes of it: an answer, nothing, or an end of the ring. */
  send(): Reply | 'unused' | 'broken' {
    const { ring, memory } = this.machine.queue(1);
    ring.publish(0);
    ring.expose();
    for (let waits = 0; !ring.wait(1); waits++) {
      if (ring.waitError(0)) return 'broken';
      if (waits > 5000) throw new Error('the device neither answers nor gives up');
    }
    const used = ring.pop();
    if (used === null || used.length < outHeader) return 'unused';
    const bytes = memory.read(this.#reply, used.length);
    return new Reply(bytes.readInt32LE(4), bytes.subarray(outHeader));
  }

  /** A ring that has broken is set up again, as a driver does that resets its device. */
  mend(): void {
    this.machine.frontEnd.stopRing(1);
    this.machine.renewQueue(1);
    this.restore();
  }
}

async function open(t: Test): Promise<Machine> {
  const machine = await connectMachine(t, daemon, { requestQueues: 2, indirect: false });
  machine.guest.init();
  return machine;
}

function request(machine: Machine, opcode: number, body: Uint8Array): Buffer {
  return Buffer.concat([machine.guest.header(opcode, root, body.length), body]);
}

t.test('a name that changes is one of both or a mixture, and never leads out', async (t) => {
  const machine = await open(t);
  const outside = [
    statSync(join(share, '..', 'beside')).ino,
    statSync(join(share, '..')).ino,
    statSync('/etc').ino,
  ].map(BigInt);
  const good = terminated('inside\0\0\0');
  for (const name of ['../beside', '..\0\0\0\0\0\0\0', 'inner/../', '/etc\0\0\0\0\0']) {
    const bad = terminated(name);
    const repeated = new Repeated(machine, request(machine, Op.LOOKUP, good));
    const scribbler = new native.MemoryScribbler(
      machine.queue(1).memory,
      repeated.request + 40,
      good,
      bad,
    );
    const statuses = new Map<string, number>();
    const found = new Set<bigint>();
    for (let turn = 0; turn < turns; turn++) {
      const reply = repeated.send();
      if (!(reply instanceof Reply)) throw new Error(`the request is ${reply}`);
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      if (reply.status === 'OK') found.add(reply.entry.attributes.ino);
    }
    scribbler.stop();
    t.ok((statuses.get('OK') ?? 0) > 0 && (statuses.get('EINVAL') ?? 0) > 0, `both, ${name}`);
    t.notOk(
      outside.some((inode) => found.has(inode)),
      'nothing outside was found',
    );
  }
  stillServes(t, machine.guest, 'changing names');
  machine.close();
});

t.test('a header whose length and opcode change is served as one or the other', async (t) => {
  const machine = await open(t);
  const body = Buffer.concat([u64(0, 0), Buffer.alloc(100)]);
  const repeated = new Repeated(machine, request(machine, Op.GETATTR, body));
  const scribbler = new native.MemoryScribbler(
    machine.queue(1).memory,
    repeated.request,
    u32(40 + body.length, Op.GETATTR),
    u32(0xffffffff, Op.READLINK),
  );
  const statuses = new Set<string>();
  const lengths = new Set<number>();
  for (let turn = 0; turn < turns; turn++) {
    const reply = repeated.send();
    if (!(reply instanceof Reply)) throw new Error(`the request is ${reply}`);
    statuses.add(reply.status);
    lengths.add(reply.payload.length);
  }
  scribbler.stop();
  t.ok(statuses.has('OK') && statuses.has('EINVAL'), [...statuses].join());
  t.same(
    [...lengths].sort((a, b) => a - b),
    [0, 104],
    'attributes or nothing',
  );
  stillServes(t, machine.guest, 'changing headers');
  machine.close();
});

t.test('descriptors that change cost their ring, and nothing else', async (t) => {
  const machine = await open(t);
  const { guest } = machine;
  const other = machine.queue(2);
  const repeated = new Repeated(machine, request(machine, Op.GETATTR, u64(0, 0)));
  const good = Buffer.concat(repeated.chain.map(encodeDescriptor));
  const bads: readonly [string, readonly Descriptor[]][] = [
    [
      'an address outside of memory',
      [
        { address: 1n << 40n, length: 56, flags: Desc.NEXT, next: 1 },
        { address: 1n << 40n, length: replySize, flags: Desc.WRITE },
      ],
    ],
    [
      'a length beyond memory',
      [
        { address: repeated.request, length: 0xffffffff, flags: Desc.NEXT, next: 1 },
        { address: repeated.request, length: 0xffffffff, flags: Desc.WRITE },
      ],
    ],
    [
      'a loop',
      [
        { address: repeated.request, length: 56, flags: Desc.NEXT, next: 0 },
        { address: repeated.request, length: 56, flags: Desc.NEXT, next: 0xffff },
      ],
    ],
  ];
  for (const [what, bad] of bads) {
    const scribbler = new native.MemoryScribbler(
      machine.queue(1).memory,
      repeated.descriptors,
      good,
      Buffer.concat(bad.map(encodeDescriptor)),
    );
    let served = 0;
    let broken = 0;
    for (let turn = 0; turn < turns / 10 && broken < 100; turn++) {
      const outcome = repeated.send();
      if (outcome instanceof Reply) served += 1;
      if (outcome !== 'broken') continue;
      broken += 1;
      repeated.mend();
    }
    scribbler.stop();
    t.ok(served + broken > 0, `${what}: ${served} served, ${broken} broken`);
    other.submit([guest.header(Op.GETATTR, root, 16), u64(0, 0)], [outHeader, 104]);
    t.equal(other.collect().length, 120, 'the other queue goes on');
    machine.frontEnd.stopRing(1);
    machine.renewQueue(1);
    repeated.restore();
    const reply = repeated.send();
    t.ok(reply instanceof Reply && reply.status === 'OK', 'the ring can be set up again');
  }
  machine.close();
});
