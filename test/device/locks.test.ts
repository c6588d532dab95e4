// SPDX-License-Identifier: Apache-2.0

// With --posix-lock and --flock a guest's locks are locks on the host: against other guests, and its own programs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DaemonProcess, Workplace } from './daemon.js';
import { Init, Op, root, type Guest } from './guest.js';
import { Lock, LockedFile, nextAnswer } from './locking-process.js';
import { native } from './native.js';
import { connectMachine, openScene, stillServes, type Scene, type SceneOptions } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';

const both = ['--posix-lock', '--flock'];

interface LockScene extends Scene {
  readonly path: string;
  readonly file: LockedFile;
}

async function openLockScene(
  t: Test,
  { flags = 2, ...options }: SceneOptions & { readonly flags?: number } = {},
): Promise<LockScene> {
  const scene = await openScene(t, {
    ...options,
    options: [...both, ...(options.options ?? [])],
    furnish: (share) => {
      writeFileSync(join(share, 'file'), 'content');
    },
  });
  return {
    ...scene,
    path: join(scene.share, 'file'),
    file: new LockedFile(scene.guest, 'file', flags),
  };
}

/** A second daemon, and its guest, on the same directory. */
async function openSecond(t: Test, share: string): Promise<Guest> {
  const workplace = new Workplace(share);
  const daemon = new DaemonProcess(workplace, { options: both });
  t.teardown(async () => {
    const exit = await daemon.stop();
    workplace.remove();
    if (exit.code !== 0) throw new Error(`the second vfsd ended badly: ${JSON.stringify(exit)}`);
  });
  await daemon.ready();
  const { guest } = await connectMachine(t, daemon);
  guest.init();
  return guest;
}

/** Holds a lock of the host until told. */
function lockOnHost(
  t: Test,
  path: string,
  kind: 'range' | 'whole',
  start = 0,
  length = 0,
): () => void {
  const fd = native.lockFile(path, kind, start, length);
  t.ok(fd >= 0, `the host gets its ${kind} lock`);
  return () => {
    native.closeFd(fd);
  };
}

function isFreeOnHost(path: string, kind: 'range' | 'whole', start = 0, length = 0): boolean {
  const fd = native.lockFile(path, kind, start, length);
  if (fd >= 0) native.closeFd(fd);
  return fd >= 0;
}

t.test('both kinds of locks are offered by option only', async (t) => {
  const flags = Init.POSIX_LOCKS | Init.FLOCK_LOCKS;
  const offered = async (options: string[]) => {
    const { guest } = await openScene(t, { options });
    return guest.agreed & flags;
  };
  t.equal(await offered([]), 0n);
  t.equal(await offered(['--posix-lock']), Init.POSIX_LOCKS);
  t.equal(await offered(['--flock']), Init.FLOCK_LOCKS);
});

t.test('without the options there are no requests for locks', async (t) => {
  const { guest, share } = await openScene(t);
  writeFileSync(join(share, 'file'), '');
  const file = new LockedFile(guest, 'file');
  t.equal(file.set(1, Lock.EXCLUSIVE), 'ENOSYS');
  t.equal(file.set(1, Lock.EXCLUSIVE, { whole: true }), 'ENOSYS');
});

t.test('guests, their processes and the host keep each other out', async (t) => {
  const { file, path, share } = await openLockScene(t);
  const other = new LockedFile(await openSecond(t, share), 'file');
  t.equal(file.set(1, Lock.EXCLUSIVE, { start: 10, end: 19 }), 'OK');
  t.equal(
    file.set(2, Lock.SHARED, { start: 19, end: 30 }),
    'EAGAIN',
    'a process of the same guest',
  );
  t.equal(other.set(1, Lock.SHARED, { start: 0, end: 10 }), 'EAGAIN', 'another guest');
  t.notOk(isFreeOnHost(path, 'range', 15, 1), 'the host');
  t.equal(other.set(1, Lock.EXCLUSIVE, { start: 20 }), 'OK', 'another range');
  t.strictSame(other.find(1, Lock.SHARED), { start: 10n, end: 19n, type: Lock.EXCLUSIVE, pid: 0 });
  t.strictSame(file.find(2, Lock.SHARED), { start: 10n, end: 19n, type: Lock.EXCLUSIVE, pid: 1 });
  t.equal(file.close(1), 'OK');
  t.ok(isFreeOnHost(path, 'range', 10, 10), 'the close has released it');

  t.equal(file.set(1, Lock.SHARED, { whole: true }), 'OK');
  t.equal(other.set(1, Lock.SHARED, { whole: true }), 'OK');
  t.notOk(isFreeOnHost(path, 'whole'));
  t.equal(file.set(1, Lock.NONE, { whole: true }), 'OK');
  t.equal(other.guest.release(other.node, other.handle).status, 'OK');
  t.ok(isFreeOnHost(path, 'whole'), 'RELEASE has ended the other one');
  t.ok(isFreeOnHost(path, 'range'), 'and the locks of owners that are left');
});

t.test('a lock that the handle does not permit, or that cannot be, is refused', async (t) => {
  const { guest, file } = await openLockScene(t);
  const reading = new LockedFile(guest, 'file', 0);
  t.equal(reading.set(1, Lock.EXCLUSIVE), 'EBADF');
  t.equal(file.set(1, 7 as 0), 'EINVAL');
  t.equal(file.set(1, Lock.SHARED, { start: 2, end: 1 }), 'EINVAL');
  t.equal(file.set(1, Lock.SHARED, { end: 1n << 63n }), 'EINVAL');
  t.equal(guest.request(Op.SETLK, root, u64(file.handle, 1, 0, 1)).status, 'EINVAL', 'a short one');
  const body = Buffer.concat([u64(file.handle, 1, 0, 1), u32(0, 0, 0, 0)]);
  t.equal(guest.request(Op.SETLKW, root, body).status, 'EBADF', 'of another node');
  stillServes(t, guest, 'that');
});

for (const pool of [0, 8]) {
  t.test(`waits hold up nothing, with ${pool} threads that stand by`, async (t) => {
    const { guest, file, path } = await openLockScene(t, {
      options: [`--thread-pool-size=${pool}`],
    });
    const unlock = lockOnHost(t, path, 'range');
    const unlockWhole = lockOnHost(t, path, 'whole');
    const ranges = Array.from({ length: 20 }, (_, owner) =>
      file.wait(owner, Lock.EXCLUSIVE, { start: owner, end: owner }),
    );
    const whole = file.wait(1, Lock.EXCLUSIVE, { whole: true });
    for (let i = 0; i < 20; i++) stillServes(t, guest, 'a wait');
    unlockWhole();
    t.strictSame(nextAnswer(guest), { head: whole, status: 'OK' });
    unlock();
    const granted = ranges.map(() => nextAnswer(guest));
    t.ok(granted.every(({ status }) => status === 'OK'));
    t.strictSame(granted.map(({ head }) => head).sort(), [...ranges].sort());
    t.notOk(isFreeOnHost(path, 'range', 19, 1));
  });
}

t.test('a hundred that wait for a lock get it in their order', async (t) => {
  // So large that what is sent meanwhile gets other chains.
  const { guest, file, path } = await openLockScene(t, { machine: { ringSize: 512 } });
  const unlock = lockOnHost(t, path, 'range');
  const heads = Array.from({ length: 100 }, (_, owner) => file.wait(owner, Lock.EXCLUSIVE));
  stillServes(t, guest, 'the crowd');
  unlock();
  const order: number[] = [];
  while (order.length < heads.length) {
    const { head, status } = nextAnswer(guest);
    if (status !== 'OK') t.fail(status);
    const owner = heads.indexOf(head);
    // Answers to what closes the file come in between.
    if (owner < 0) continue;
    order.push(head);
    guest.start(Op.FLUSH, file.node, u64(file.handle, 0, owner), { room: 0 });
  }
  t.equal(nextAnswer(guest).status, 'OK');
  t.strictSame(order, heads);
  t.ok(isFreeOnHost(path, 'range'));
});

for (const indirect of [true, false]) {
  t.test(
    `a crowd leaves room for the unlock, indirect descriptors: ${String(indirect)}`,
    async (t) => {
      const { file } = await openLockScene(t, { machine: { ringSize: 128, indirect } });
      const mayWait = indirect ? 32 : 8;
      t.equal(file.set(1, Lock.EXCLUSIVE), 'OK');
      const waiting = Array.from({ length: mayWait }, (_, i) => file.wait(i + 2, Lock.EXCLUSIVE));
      for (let i = 0; i < 6; i++) {
        const head = file.wait(100 + i, Lock.EXCLUSIVE);
        t.strictSame(nextAnswer(file.guest), { head, status: 'ENOLCK' });
      }
      const unlock = file.unlock(1);
      const answers = [nextAnswer(file.guest), nextAnswer(file.guest)];
      t.ok(answers.every(({ status }) => status === 'OK'));
      t.same(new Set(answers.map(({ head }) => head)), new Set([unlock, waiting[0]]));
    },
  );
}

t.test('a guest gets the lock when the other one unlocks', async (t) => {
  const { guest, file, share } = await openLockScene(t);
  const other = new LockedFile(await openSecond(t, share), 'file');
  for (const whole of [false, true]) {
    t.equal(file.set(1, Lock.EXCLUSIVE, { whole }), 'OK');
    const head = other.wait(1, Lock.EXCLUSIVE, { whole });
    stillServes(t, other.guest, 'the wait');
    t.equal(file.set(1, Lock.NONE, { whole }), 'OK');
    t.strictSame(nextAnswer(other.guest), { head, status: 'OK' });
    t.equal(other.set(1, Lock.NONE, { whole }), 'OK');
  }
  stillServes(t, guest, 'all');
});

t.test('RELEASE ends the waits of its handle', async (t) => {
  const { guest, file, path } = await openLockScene(t);
  const unlock = lockOnHost(t, path, 'range');
  const kept = file.wait(1, Lock.EXCLUSIVE);
  const other = new LockedFile(guest, 'file');
  other.wait(2, Lock.EXCLUSIVE);
  guest.start(Op.RELEASE, other.node, u64(other.handle, 0, 0), { room: 0 });
  t.strictSame([nextAnswer(guest).status, nextAnswer(guest).status].sort(), ['EINTR', 'OK']);
  unlock();
  t.strictSame(nextAnswer(guest), { head: kept, status: 'OK' });
});

t.test('a ring that stops ends its waits, and goes on where it was', async (t) => {
  const { guest, file, path, machine } = await openLockScene(t, {
    options: ['--thread-pool-size=0'],
  });
  const unlock = lockOnHost(t, path, 'range');
  for (let owner = 0; owner < 12; owner++) file.wait(owner, Lock.EXCLUSIVE, { start: owner % 2 });
  stillServes(t, guest, 'the waits');
  const base = machine.frontEnd.stopRing(1);
  t.equal(machine.queue(1).ring.usedIndex, base, 'nothing is under way after GET_VRING_BASE');
  for (let i = 0; i < 12; i++) t.equal(nextAnswer(guest).status, 'EINTR');
  machine.startQueue(machine.queue(1), base);
  stillServes(t, guest, 'the start');
  const head = file.wait(1, Lock.EXCLUSIVE);
  unlock();
  t.strictSame(nextAnswer(guest), { head, status: 'OK' });
});

t.test('disabling a ring ends its waits', async (t) => {
  const { guest, file, path, machine } = await openLockScene(t);
  const unlock = lockOnHost(t, path, 'whole');
  file.wait(1, Lock.EXCLUSIVE, { whole: true });
  stillServes(t, guest, 'the wait');
  machine.frontEnd.enableRing(1, false);
  t.equal(nextAnswer(guest).status, 'EINTR');
  machine.frontEnd.enableRing(1, true);
  stillServes(t, guest, 'the ring is enabled again');
  unlock();
});

t.test("the session's end gives up locks and waits", async (t) => {
  const { guest, file, path } = await openLockScene(t);
  const unlock = lockOnHost(t, path, 'range', 100, 1);
  t.equal(file.set(1, Lock.EXCLUSIVE, { end: 9 }), 'OK');
  t.equal(file.set(1, Lock.EXCLUSIVE, { whole: true }), 'OK');
  file.wait(2, Lock.EXCLUSIVE, { start: 50, end: 150 });
  guest.start(Op.DESTROY, 0n, u32(), { room: 0 });
  t.strictSame([nextAnswer(guest).status, nextAnswer(guest).status].sort(), ['EINTR', 'OK']);
  t.ok(isFreeOnHost(path, 'range', 0, 50));
  t.ok(isFreeOnHost(path, 'whole'));
  unlock();
});

t.test('a front-end that goes leaves no lock behind', async (t) => {
  const { daemon, machine, file, path } = await openLockScene(t);
  const unlock = lockOnHost(t, path, 'range', 100, 1);
  t.equal(file.set(1, Lock.EXCLUSIVE, { end: 9 }), 'OK');
  file.wait(2, Lock.EXCLUSIVE, { start: 50, end: 150 });
  machine.close();
  const { guest } = await connectMachine(t, daemon);
  t.equal(guest.init().status, 'OK');
  t.ok(isFreeOnHost(path, 'range', 0, 50));
  unlock();
});

t.test('the end comes at once although processes wait', async (t) => {
  const { daemon, guest, file, path } = await openLockScene(t, { endsInTest: true });
  const unlock = lockOnHost(t, path, 'range');
  for (let owner = 0; owner < 20; owner++) file.wait(owner, Lock.EXCLUSIVE, { start: owner });
  stillServes(t, guest, 'the waits');
  daemon.child.kill('SIGTERM');
  t.strictSame(await daemon.exited, { code: 0, signal: null });
  for (let i = 0; i < 20; i++) t.equal(nextAnswer(guest).status, 'EINTR', 'it was drained');
  unlock();
});

t.test('a read-only share can be locked for reading, and as a whole', async (t) => {
  const { file, path } = await openLockScene(t, { options: ['--readonly'], flags: 0 });
  t.equal(file.set(1, Lock.SHARED), 'OK');
  t.notOk(isFreeOnHost(path, 'range'));
  t.equal(file.set(1, Lock.EXCLUSIVE), 'EBADF');
  t.equal(file.set(1, Lock.EXCLUSIVE, { whole: true }), 'OK');
  t.notOk(isFreeOnHost(path, 'whole'));
});
