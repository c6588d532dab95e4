// SPDX-License-Identifier: Apache-2.0

// What the daemon's processes still may do while they serve, read from the outside.

import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { getuid } from 'node:process';
import t, { type Test } from 'tap';
import { Capability, capabilityMask, keptCapabilityMask } from '../../src/sandbox/capabilities.js';
import { DaemonProcess, Workplace } from './daemon.js';
import { root } from './guest.js';
import { Machine } from './machine.js';
import { openFiles, processTree, threadsOf, type ProcessStatus } from './process-tree.js';
import { openScene, startVfsd, type Scene } from './scene.js';

const furnish = (share: string) => {
  writeFileSync(`${share}/file`, 'content');
  mkdirSync(`${share}/directory`);
  symlinkSync('/etc/passwd', `${share}/leads out`);
};

function capabilities(thread: ProcessStatus, set: string): bigint {
  return BigInt(`0x${thread.fields.get(set) ?? 'ff'}`);
}

/** No thread of these processes may do more than `mask`. */
function checkThreads(t: Test, pids: readonly number[], mask: bigint): void {
  const threads = threadsOf(pids);
  t.ok(threads.length >= pids.length);
  for (const thread of threads) {
    const who = `thread ${thread.tid} (${thread.fields.get('Name') ?? ''})`;
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      t.equal(capabilities(thread, set) & ~mask, 0n, `${who}: ${set} holds nothing too much`);
    }
    t.equal(thread.fields.get('Seccomp'), '2', `${who}: a filter`);
    t.equal(thread.fields.get('NoNewPrivs'), '1', `${who}: no new privileges`);
  }
}

function processesOf(daemon: DaemonProcess): { launcher: number; worker: number } {
  const pids = processTree(daemon.pid);
  const [launcher = 0, worker = 0] = pids;
  if (pids.length !== 2) throw new Error(`${pids.length} processes instead of two`);
  return { launcher, worker };
}

/** The worker sees the share, itself, and nothing else. */
function checkSurroundings(t: Test, worker: number, share: string): void {
  for (const kind of ['mnt', 'pid', 'net', 'ipc', 'uts']) {
    const own = readlinkSync(`/proc/self/ns/${kind}`);
    t.not(readlinkSync(`/proc/${worker}/ns/${kind}`), own, `its own ${kind} namespace`);
  }
  t.strictSame(
    readdirSync(`/proc/${worker}/root/`).sort(),
    readdirSync(share).sort(),
    'the root directory is the share',
  );
  const mounts = readFileSync(`/proc/${worker}/mountinfo`, 'utf8').trim().split('\n');
  t.equal(mounts.length, 1, 'one mount');
  t.match(mounts[0], /^\S+ \S+ \S+ \S+ \/ [^-]*nosuid[^-]*nodev/);

  const devices = readFileSync(`/proc/${worker}/net/dev`, 'utf8').trim().split('\n').slice(2);
  t.strictSame(
    devices.map((line) => line.trim().split(':')[0]),
    ['lo'],
    'no network but a loopback',
  );
  t.equal(readFileSync(`/proc/${worker}/net/fib_trie`, 'utf8').trim(), '', 'without an address');

  const nested = readFileSync(`/proc/${worker}/status`, 'utf8');
  t.match(nested, /^NSpid:\s+[0-9]+\s+1$/m, 'the first process of its namespace');
  const namespace = readlinkSync(`/proc/${worker}/ns/pid`);
  const inside = readdirSync('/proc').filter((pid) => {
    try {
      return /^[0-9]+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false;
    }
  });
  t.strictSame(inside, [String(worker)], 'and the only one');
}

/** Descriptors that could lead somewhere: everything that is a path. */
function pathsOpenIn(worker: number): string[] {
  return [...openFiles(worker).values()].filter((target) => target.startsWith('/')).sort();
}

/** The guest's own view: what leads out is read as text and never followed. */
function checkThroughGuest(t: Test, { guest }: Pick<Scene, 'guest'>): void {
  const link = guest.lookup(root, 'leads out').node;
  t.equal(guest.readlink(link).text, '/etc/passwd');
  t.not(guest.open(link, 0).status, 'OK');
  t.not(guest.setattr(link, { size: 0 }).status, 'OK');
  t.equal(guest.lookup(link, 'x').status, 'ENOTDIR');
}

t.test('as root', { skip: getuid?.() === 0 ? false : 'not root' }, async (t) => {
  const scene = await openScene(t, { furnish });
  const { launcher, worker } = processesOf(scene.daemon);
  // Busy once on each path, so that no thread is still about to lose something.
  for (let i = 0; i < 20; i++) scene.guest.lookup(root, 'file');

  checkThreads(t, [worker], keptCapabilityMask);
  checkThreads(t, [launcher], capabilityMask(Capability.DAC_OVERRIDE));
  checkSurroundings(t, worker, scene.share);
  checkThroughGuest(t, scene);
  t.equal(readlinkSync(`/proc/${worker}/exe`).endsWith('node'), true);
  // Guest memory and the filters are memfds, which have a name and no place.
  const paths = pathsOpenIn(worker).filter((path) => !/^\/(dev\/null|memfd:.*)$/.test(path));
  t.strictSame(
    paths.filter((path) => !['/', '/file', '/directory', '/leads out'].includes(path)),
    [scene.daemon.workplace.log, scene.daemon.workplace.log],
    'beside the share, only standard output and error are open',
  );
});

t.test('as an ordinary user', { skip: getuid?.() === 0 ? false : 'not root' }, async (t) => {
  const nobody = 65534;
  const workplace = new Workplace();
  furnish(workplace.share);
  chmodSync(workplace.path, 0o755);
  for (const path of [workplace.path, workplace.share, `${workplace.share}/file`]) {
    chownSync(path, nobody, nobody);
  }
  const setpriv = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const daemon = new DaemonProcess(workplace, { wrapper: setpriv });
  t.teardown(async () => {
    await daemon.dispose();
  });
  const machine = new Machine(await daemon.connect());
  machine.guest.init();
  const { launcher, worker } = processesOf(daemon);
  checkThreads(t, [worker], keptCapabilityMask);
  checkThreads(t, [launcher], 0n);
  t.not(readlinkSync(`/proc/${worker}/ns/user`), readlinkSync('/proc/self/ns/user'));
  checkSurroundings(t, worker, workplace.share);
  checkThroughGuest(t, machine);
  const { node } = machine.guest.lookup(root, 'file');
  const { handle } = machine.guest.open(node, 2);
  t.equal(machine.guest.read(node, handle, 0, 10).text, 'content');
  t.equal(machine.guest.create(root, 'new', 0o102, 0o644).status, 'OK');
  machine.close();
  t.strictSame(await daemon.stop(), { code: 0, signal: null });
});

t.test('capabilities by options', { skip: getuid?.() === 0 ? false : 'not root' }, async (t) => {
  const bit = capabilityMask;
  for (const [option, mask] of [
    ['--inode-file-handles=never', keptCapabilityMask],
    ['--inode-file-handles=prefer', keptCapabilityMask | bit(Capability.DAC_READ_SEARCH)],
    ['--inode-file-handles=mandatory', keptCapabilityMask | bit(Capability.DAC_READ_SEARCH)],
    ['--modcaps=+sys_admin', keptCapabilityMask | bit(Capability.SYS_ADMIN)],
    ['--modcaps=-mknod', keptCapabilityMask & ~bit(Capability.MKNOD)],
  ] as const) {
    const daemon = await startVfsd(t, { furnish, options: [option] });
    const { worker } = processesOf(daemon);
    checkThreads(t, [worker], mask);
    for (const thread of threadsOf([worker])) {
      t.equal(capabilities(thread, 'CapEff'), mask, `${option}: all that it should have`);
    }
  }
});

t.test('with --sandbox=none the filters are still there', async (t) => {
  const scene = await openScene(t, { furnish, options: ['--sandbox=none'] });
  const pids = processTree(scene.daemon.pid);
  checkThreads(t, pids, keptCapabilityMask);
  checkThroughGuest(t, scene);
  for (const name of ['../share', '/etc/passwd', '..']) {
    t.equal(scene.guest.lookup(root, name).status, 'EINVAL', name);
  }
});

t.test('with --sandbox=chroot', { skip: getuid?.() === 0 ? false : 'not root' }, async (t) => {
  const scene = await openScene(t, { furnish, options: ['--sandbox=chroot'] });
  const { worker } = processesOf(scene.daemon);
  checkThreads(t, [worker], keptCapabilityMask);
  t.strictSame(readdirSync(`/proc/${worker}/root/`).sort(), readdirSync(scene.share).sort());
  checkThroughGuest(t, scene);
});
