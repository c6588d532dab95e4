// SPDX-License-Identifier: Apache-2.0

// A request that has to wait for the disk must not hold up those behind it, although they share a queue.

import { constants, mkdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Fattr, Op, root, type Guest } from './guest.js';
import type { Reply } from './fuse-reply.js';
import { native, type HeldFileSystem, type Holds } from './native.js';
import { openScene, stillServes, type Scene, type SceneOptions } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';

/** A file that the guest has open. */
interface OpenFile {
  readonly node: bigint;
  readonly handle: bigint;
}

interface SlowScene extends Scene {
  readonly slow: HeldFileSystem;
  readonly file: OpenFile;
  /** Starts a READ that is not answered before the test wants it. */
  readonly startRead: (page: number) => void;
}

async function openSlowScene(
  t: Test,
  sceneOptions: SceneOptions = {},
  holds: Holds = 'reads',
): Promise<SlowScene> {
  const mounted: HeldFileSystem[] = [];
  const scene = await openScene(t, {
    ...sceneOptions,
    furnish: (share) => {
      mkdirSync(`${share}/slow`);
      mounted.push(new native.HeldFileSystem(`${share}/slow`, undefined, holds));
    },
  });
  // Before the daemon is stopped and the share removed, which cannot be while something is mounted in it.
  t.teardown(() => {
    for (const held of mounted) held.close();
  });
  const [slow] = mounted;
  if (slow === undefined) throw new Error('nothing was mounted');
  const { guest } = scene;
  const { node } = guest.lookup(guest.lookup(root, 'slow').node, 'file');
  const { handle } = guest.open(node, holds === 'reads' ? constants.O_RDONLY : constants.O_RDWR);
  const startRead = (page: number) => {
    const body = Buffer.concat([u64(handle, page * 4096), u32(4096, 0), u64(0), u32(0, 0)]);
    guest.start(Op.READ, node, body);
  };
  return { ...scene, slow, file: { node, handle }, startRead };
}

function canMount(): boolean {
  return process.getuid?.() === 0;
}

t.test('requests behind one that sleeps are served', { skip: !canMount() }, async (t) => {
  const { guest, slow, startRead } = await openSlowScene(t);
  for (let asleep = 1; asleep <= 8; asleep++) {
    startRead(asleep);
    t.ok(slow.waitHeld(asleep, 3000), `${asleep} asleep`);
    stillServes(t, guest, `${asleep} requests that sleep`);
  }
  slow.release();
  for (let i = 0; i < 8; i++) {
    t.ok(guest.finish().payload.equals(Buffer.alloc(4096, 's')), 'each has its own answer');
  }
  stillServes(t, guest, 'the sleep');
});

interface Change {
  readonly name: string;
  /** Sends it without waiting. */
  readonly start: (guest: Guest, file: OpenFile) => void;
  /** By its answer, or by what the file is afterwards. */
  readonly isDone: (answer: Reply, guest: Guest, file: OpenFile) => boolean;
}

function hasSize(size: bigint): Change['isDone'] {
  return (_, guest, { node }) => guest.getattr(node).attributes.size === size;
}

/** A SETATTR of the size alone. */
function sizeBody(size: number, handle: bigint | null): Buffer {
  const valid = handle === null ? Fattr.SIZE : Fattr.SIZE | Fattr.FH;
  return Buffer.concat([u32(valid, 0), u64(handle ?? 0n, size), Buffer.alloc(64)]);
}

const changes: readonly Change[] = [
  {
    name: 'a WRITE',
    start: (guest, { node, handle }) => {
      const fixed = Buffer.concat([u64(handle, 0), u32(4096, 0), u64(0), u32(0, 0)]);
      guest.start(Op.WRITE, node, Buffer.concat([fixed, Buffer.alloc(4096, 'w')]));
    },
    isDone: ({ payload }) => payload.readUInt32LE(0) === 4096,
  },
  {
    name: 'a SETATTR of the size, by nodeid',
    start: (guest, { node }) => guest.start(Op.SETATTR, node, sizeBody(4096, null)),
    isDone: hasSize(4096n),
  },
  {
    name: 'a SETATTR of the size, by handle',
    start: (guest, { node, handle }) => guest.start(Op.SETATTR, node, sizeBody(8192, handle)),
    isDone: hasSize(8192n),
  },
  {
    name: 'an OPEN with O_TRUNC',
    start: (guest, { node }) =>
      guest.start(Op.OPEN, node, u32(constants.O_WRONLY | constants.O_TRUNC, 0)),
    isDone: hasSize(0n),
  },
];

t.test('requests behind a LOOKUP that sleeps are served', { skip: !canMount() }, async (t) => {
  const { guest, slow, file } = await openSlowScene(t);
  const directory = guest.lookup(root, 'slow').node;
  guest.start(Op.LOOKUP, directory, Buffer.from('held\0'));
  t.ok(slow.waitHeld(1, 3000), 'asleep');
  for (let i = 0; i < 8; i++) stillServes(t, guest, 'a LOOKUP that sleeps');
  slow.release();
  const answer = guest.finish();
  t.equal(answer.status, 'OK', 'it has its answer');
  t.equal(answer.payload.readBigUInt64LE(0), file.node, 'which is right');
});

for (const { name, start, isDone } of changes) {
  // A file system of a server: how long a change takes there is not for this machine to know.
  t.test(`requests behind ${name} that sleeps are served`, { skip: !canMount() }, async (t) => {
    const { guest, slow, file } = await openSlowScene(t, {}, 'reads and changes');
    start(guest, file);
    t.ok(slow.waitHeld(1, 3000), 'asleep');
    for (let i = 0; i < 8; i++) stillServes(t, guest, `${name} that sleeps`);
    slow.release();
    const answer = guest.finish();
    t.equal(answer.status, 'OK', 'it has its answer');
    t.ok(isDone(answer, guest, file), 'it has been done');
  });
}

t.test('more sleepers than threads are served in the end', { skip: !canMount() }, async (t) => {
  const { guest, slow, startRead } = await openSlowScene(t, { options: ['--thread-pool-size=2'] });
  for (let i = 0; i < 12; i++) startRead(i);
  t.ok(slow.waitHeld(3, 3000), 'as many as there are threads for');
  slow.release();
  for (let i = 0; i < 12; i++) t.equal(guest.finish().payload.length, 4096);
  stillServes(t, guest, 'the crowd');
});

t.test('stopping a ring waits for those that sleep', { skip: !canMount() }, async (t) => {
  const { guest, machine, slow, startRead } = await openSlowScene(t);
  for (let i = 0; i < 4; i++) startRead(i);
  t.ok(slow.waitHeld(4, 3000));
  slow.release();
  const base = machine.frontEnd.stopRing(1);
  t.equal(machine.queue(1).ring.usedIndex, base, 'nothing is under way after GET_VRING_BASE');
  for (let i = 0; i < 4; i++) t.equal(guest.finish().status, 'OK');
});

t.test('the end comes although a request sleeps', { skip: !canMount() }, async (t) => {
  const { daemon, slow, startRead } = await openSlowScene(t, { endsInTest: true });
  startRead(0);
  t.ok(slow.waitHeld(1, 3000));
  daemon.child.kill('SIGTERM');
  // What sleeps in the kernel cannot be killed before its file system answers; then it must go fast.
  setTimeout(() => {
    slow.release();
  }, 100);
  t.strictSame(await daemon.exited, { code: 0, signal: null });
});
