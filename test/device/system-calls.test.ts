// SPDX-License-Identifier: Apache-2.0

// Least privilege, measured: every call of a busy daemon is in the policy of its thread, and what a policy has is needed.

import { join } from 'node:path';
import { getuid } from 'node:process';
import t, { type Test } from 'tap';
import { loadBinding } from '../../src/native/binding.js';
import { architectureNumber, nativeArchitecture } from '../../src/seccomp/architecture.js';
import { policyTexts } from '../seccomp/policy-texts.js';
import { CallTrace } from './call-trace.js';
import { policyUsage, unexpectedCalls } from './call-usage.js';
import {
  furnishForAll,
  useAttributes,
  useFiles,
  useManyFiles,
  useNames,
} from './every-operation.js';
import { Lock, LockedFile, nextAnswer } from './locking-process.js';
import { Op, root } from './guest.js';
import { native } from './native.js';
import { connectMachine, openScene, startVfsd, stillServes } from './scene.js';
import type { TracedCall } from './trace-file.js';
import { Ask, u32, u64 } from './vhost-user-message.js';
import { hasStrace } from './strace.js';

const MiB = 1 << 20;

function obstacle(): string | false {
  if (getuid?.() !== 0) return 'not root';
  if (process.env['VFSD_CALL_TRACES'] !== undefined) return 'every daemon is traced already';
  return hasStrace ? false : 'strace cannot be run';
}

const binding = loadBinding();
const architecture = architectureNumber(nativeArchitecture(process.arch) ?? 'x86_64');

function isOnThisMachine(syscall: string): boolean {
  return typeof binding.findSystemCall(syscall, architecture) === 'number';
}

/** Everything but locks: sessions that begin, stop, go on and end, and each operation once. */
async function traceFiles(t: Test): Promise<readonly TracedCall[]> {
  const daemon = await startVfsd(t, {
    endsInTest: true,
    furnish: furnishForAll,
    options: [
      ...['--posix-acl=always', '--security-label=always', '--inode-file-handles=prefer'],
      ...['--num-request-queues=2', '--thread-pool-size=2', '--rlimit-nofile=256'],
    ],
  });
  const trace = await CallTrace.attach(daemon.pid, join(daemon.workplace.path, 'trace'));
  const machine = await connectMachine(t, daemon, { requestQueues: 2 });
  const { guest } = machine;
  guest.init();
  useFiles(guest);
  useNames(guest);
  useAttributes(guest);
  useManyFiles(guest);
  const region = machine.memory.add(0x1_0000_0000, 4 * MiB);
  machine.frontEnd.addRegion(region);
  machine.frontEnd.removeRegion(region);
  machine.memory.remove(region.guestAddress);
  const base = machine.frontEnd.stopRing(1);
  machine.startQueue(machine.queue(1), base);
  guest.destroy();
  machine.frontEnd.command(Ask.RESET_DEVICE, u32());
  machine.close();
  const second = await connectMachine(t, daemon);
  second.guest.init();
  daemon.child.kill('SIGTERM');
  t.strictSame(await daemon.exited, { code: 0, signal: null }, 'nothing was killed');
  return trace.calls();
}

/** Locks that are had, waited for, given up and called off in each way. */
async function traceLocks(t: Test): Promise<readonly TracedCall[]> {
  const daemon = await startVfsd(t, {
    endsInTest: true,
    furnish: furnishForAll,
    options: ['--posix-lock', '--flock', '--num-request-queues=1'],
  });
  const path = join(daemon.workplace.share, 'file');
  const trace = await CallTrace.attach(daemon.pid, join(daemon.workplace.path, 'trace'));
  const machine = await connectMachine(t, daemon);
  const { guest } = machine;
  guest.init();
  const file = new LockedFile(guest, 'file');
  t.equal(file.set(1, Lock.EXCLUSIVE), 'OK');
  t.equal(file.find(2, Lock.SHARED).type, Lock.EXCLUSIVE);
  t.equal(file.set(1, Lock.NONE), 'OK');

  // More waits than threads: the last ones are tried now and then.
  const unlock = native.lockFile(path, 'range', 0, 0);
  const unlockWhole = native.lockFile(path, 'whole', 0, 0);
  const waits = 12;
  for (let i = 0; i < waits; i++) {
    file.wait(i + 1, Lock.EXCLUSIVE, { start: i * 10, end: i * 10 + 9 });
  }
  file.wait(1, Lock.EXCLUSIVE, { whole: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  native.closeFd(unlock);
  native.closeFd(unlockWhole);
  for (let i = 0; i <= waits; i++) t.equal(nextAnswer(guest).status, 'OK', 'a lock that is had');

  // Waits that end with their handle, and with their ring.
  const other = new LockedFile(guest, 'file');
  other.wait(100, Lock.EXCLUSIVE, { whole: true });
  other.wait(101, Lock.EXCLUSIVE, { start: 5, end: 6 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  guest.start(Op.RELEASE, other.node, u64(other.handle, 0, 0));
  for (let i = 0; i < 3; i++) nextAnswer(guest);
  file.wait(102, Lock.EXCLUSIVE, { start: 15, end: 16 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  machine.frontEnd.stopRing(1);
  machine.close();
  daemon.child.kill('SIGTERM');
  t.strictSame(await daemon.exited, { code: 0, signal: null }, 'nothing was killed');
  return trace.calls();
}

t.test(
  'each thread makes the calls of its policy, and needs them',
  { skip: obstacle() },
  async (t) => {
    const calls = [...(await traceFiles(t)), ...(await traceLocks(t))];
    for (const role of ['launcher', 'main', 'data', 'lock']) {
      t.ok(
        calls.some((call) => call.role === role),
        `${role} was seen`,
      );
    }
    t.strictSame(unexpectedCalls(calls, policyTexts), [], 'no call is outside of its policy');
    for (const { file, unused } of policyUsage(calls, policyTexts)) {
      const names = (lines: typeof unused) => lines.map(({ text }) => text);
      t.strictSame(
        names(unused.filter(({ isRare, rule }) => !isRare && isOnThisMachine(rule.syscall))),
        [],
        `${file}: what is not rare is needed`,
      );
      t.comment(`${file}, not seen: ${names(unused).join(', ')}`);
    }
  },
);

t.test('a guest that wants what the options leave out ends nothing', async (t) => {
  const { guest } = await openScene(t, {
    furnish: furnishForAll,
    options: ['--readonly', '--inode-file-handles=never'],
  });
  const file = new LockedFile(guest, 'file', 0);
  const { node, handle } = file;
  for (const status of [
    guest.setattr(node, { mode: 0o600 }).status,
    guest.setattr(node, { uid: 1, gid: 1 }).status,
    guest.setattr(node, { size: 0 }).status,
    guest.setattr(node, { size: 0, fh: handle }).status,
    guest.setattr(node, { mtime: 1 }).status,
    guest.write(node, handle, 0, 'x').status,
    guest.fallocate(node, handle, 0n, 1n).status,
    guest.copyFileRange({ node, handle, offset: 0 }, { node, handle, offset: 8 }, 1).status,
    guest.create(root, 'new', 0o102, 0o644, { uid: 1, gid: 1, umask: 0o22 }).status,
    guest.mkdir(root, 'new', 0o755, { uid: 1, gid: 1, umask: 0o22 }).status,
    guest.mknod(root, 'new', 0o010644).status,
    guest.symlink(root, 'new', 'x').status,
    guest.link(node, root, 'new').status,
    guest.rename(root, 'file', root, 'new').status,
    guest.rename2(root, 'file', root, 'new', 1).status,
    guest.unlink(root, 'file').status,
    guest.rmdir(root, 'directory').status,
    guest.ioctl(node, handle, 0x4008_6602, Buffer.alloc(8), 0).status,
    guest.setxattr(node, 'user.name', 'value').status,
    guest.getxattr(node, 'user.name', 100).status,
    guest.listxattr(node, 100).status,
    guest.removexattr(node, 'user.name').status,
    file.set(1, Lock.SHARED),
    file.set(1, Lock.SHARED, { whole: true }),
  ]) {
    t.match(status, /^(EROFS|ENOSYS|EOPNOTSUPP|ENOTTY|EBADF)$/);
  }
  stillServes(t, guest, 'all that');
});
