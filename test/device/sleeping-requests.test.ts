// SPDX-License-Identifier: Apache-2.0

// A request that has to wait for the disk must not hold up those behind it, although they share a queue.

import { mkdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Op, root } from './guest.js';
import { native, type HeldFileSystem } from './native.js';
import { openScene, stillServes, type Scene, type SceneOptions } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';

interface SlowScene extends Scene {
  readonly slow: HeldFileSystem;
  /** Starts a READ that is not answered before the test wants it. */
  readonly startRead: (page: number) => void;
}

async function openSlowScene(t: Test, sceneOptions: SceneOptions = {}): Promise<SlowScene> {
  const mounted: HeldFileSystem[] = [];
  const scene = await openScene(t, {
    ...sceneOptions,
    furnish: (share) => {
      mkdirSync(`${share}/slow`);
      mounted.push(new native.HeldFileSystem(`${share}/slow`));
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
  const { handle } = guest.open(node, 0);
  const startRead = (page: number) => {
    const body = Buffer.concat([u64(handle, page * 4096), u32(4096, 0), u64(0), u32(0, 0)]);
    guest.start(Op.READ, node, body);
  };
  return { ...scene, slow, startRead };
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
