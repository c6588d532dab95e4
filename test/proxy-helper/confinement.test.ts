// SPDX-License-Identifier: Apache-2.0

// What the helper's processes may still do, and what nobody gets out of the export.

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Capability, capabilityMask } from '../../src/sandbox/capabilities.js';
import { policyTexts } from '../seccomp/policy-texts.js';
import { CallTrace } from '../device/call-trace.js';
import { policyUsage, unexpectedCalls } from '../device/call-usage.js';
import { Workplace } from '../device/daemon.js';
import { native } from '../device/native.js';
import { openFiles, threadsOf } from '../device/process-tree.js';
import { hasStrace } from '../device/strace.js';
import { Request, type Client } from './client.js';
import { connectTo, isConfined, isRoot, startHelper } from './helper.js';

const kept = [
  Capability.CHOWN,
  Capability.DAC_OVERRIDE,
  Capability.FOWNER,
  Capability.FSETID,
  Capability.SETGID,
  Capability.MKNOD,
  Capability.SETUID,
].reduce((mask, capability) => mask | capabilityMask(capability), 0n);

const errno = { ELOOP: -40, ENOENT: -2, EAGAIN: -11, ENXIO: -6 } as const;
const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, CREAT: 0o100, EXCL: 0o200 } as const;
const exchanges = 2000;

function secretBeside(workplace: Workplace): string {
  const secret = join(workplace.path, 'secret');
  writeFileSync(secret, 'secret');
  return secret;
}

t.test(
  'root keeps seven capabilities, a filter, and the export',
  { skip: !isRoot && 'not root' },
  async (t) => {
    const daemon = startHelper(t, {
      furnish: (share) => {
        mkdirSync(join(share, 'directory'));
      },
    });
    const worker = await isConfined(daemon);
    const client = await connectTo(daemon);
    client.ask(Request.LSTAT, '/');
    const [thread, ...more] = threadsOf([worker]);
    t.strictSame(more, [], 'one thread');
    const set = (name: string) => BigInt(`0x${thread?.fields.get(name) ?? 'f'}`);
    for (const name of ['CapPrm', 'CapEff', 'CapBnd']) t.equal(set(name), kept, name);
    for (const name of ['CapInh', 'CapAmb']) t.equal(set(name), 0n, name);
    t.equal(thread?.fields.get('NoNewPrivs'), '1');
    t.equal(thread?.fields.get('Seccomp'), '2');
    t.equal(thread?.fields.get('Groups')?.trim(), '', 'no supplementary groups');
    for (const kind of ['mnt', 'pid', 'net', 'ipc', 'uts']) {
      const own = readlinkSync(`/proc/self/ns/${kind}`);
      t.not(readlinkSync(`/proc/${worker}/ns/${kind}`), own, `its own ${kind} namespace`);
    }
    t.strictSame(readdirSync(`/proc/${worker}/root/`), ['directory'], 'the root is the export');
    const mounts = readFileSync(`/proc/${worker}/mountinfo`, 'utf8').trim().split('\n');
    t.equal(mounts.length, 1, 'one mount');
    t.match(mounts[0], /^\S+ \S+ \S+ \S+ \/ [^-]*nosuid[^-]*nodev/);
    const files = [...openFiles(worker)].filter(([fd]) => fd > 2).map(([, file]) => file);
    t.equal(files.length, 3, `the client, /proc/self/fd and the root: ${files.join(', ')}`);
    client.close();
    t.equal((await daemon.exited).code, 0);
  },
);

function traceEverything(client: Client): void {
  client.ask(Request.MKDIR, 0, 0, '/directory', 0o755);
  client.create('/file', O.RDWR | O.CREAT | O.EXCL, 0o644, 1000, 1000);
  client.create('/file', O.RDWR | O.CREAT, 0o644, 0, 0);
  client.open('/file', O.RDONLY);
  client.ask(Request.MKNOD, 0, 0, '/fifo', 0o010644, 0n);
  client.ask(Request.SYMLINK, 0, 0, 'target', '/link');
  client.ask(Request.LINK, '/file', '/second');
  client.ask(Request.LSTAT, '/file');
  client.ask(Request.READLINK, '/link', 100);
  client.ask(Request.STATFS, '/');
  client.ask(Request.CHMOD, '/file', 0o600);
  client.ask(Request.CHOWN, '/file', 1, 2);
  client.ask(Request.TRUNCATE, '/file', 5n);
  client.ask(Request.UTIME, '/file', 1n, 2n, 3n, 4n);
  client.ask(Request.RENAME, '/second', '/third');
  client.ask(Request.LSETXATTR, '/file', 'user.name', 'value', 5, 0);
  client.ask(Request.LGETXATTR, 100, '/file', 'user.name');
  client.ask(Request.LLISTXATTR, 100, '/file');
  client.ask(Request.LREMOVEXATTR, '/file', 'user.name');
  client.ask(Request.GETVERSION, '/file');
  client.ask(Request.REMOVE, '/directory');
}

t.test(
  'it makes the calls of its policy, and needs them',
  { skip: (!isRoot && 'not root') || (!hasStrace && 'strace cannot be run') },
  async (t) => {
    const workplace = new Workplace();
    const daemon = startHelper(t, { workplace });
    await isConfined(daemon);
    const trace = await CallTrace.attach(daemon.pid, join(workplace.path, 'trace'));
    const client = await connectTo(daemon);
    traceEverything(client);
    // Received while a request is waited for.
    daemon.child.kill('SIGTERM');
    t.strictSame(await daemon.exited, { code: 0, signal: null });
    client.close();
    const calls = (await trace.calls()).filter(({ role }) => role === 'proxy-helper');
    t.ok(calls.length > 50, 'it was seen');
    t.strictSame(unexpectedCalls(calls, policyTexts), []);
    const unused = policyUsage(calls, policyTexts).flatMap((usage) => usage.unused);
    const needed = unused.filter(({ isRare }) => !isRare).map(({ text }) => text);
    // A daemon's own, and what a message takes.
    t.strictSame(needed, ['dup3', 'write']);
  },
);

t.test('no path leads out of the export', async (t) => {
  const workplace = new Workplace();
  const secret = secretBeside(workplace);
  const daemon = startHelper(t, {
    workplace,
    furnish: (share) => {
      symlinkSync(workplace.path, join(share, 'out'));
      symlinkSync('..', join(share, 'up'));
      symlinkSync('/etc/passwd', join(share, 'passwd'));
      symlinkSync('/proc/self/root', join(share, 'magic'));
      mkdirSync(join(share, 'directory'));
    },
  });
  const client = await connectTo(daemon);
  for (const path of [
    ...['/../secret', '/../../secret', '../secret', '/out/secret', '/up/secret', secret],
    ...['/directory/../../secret', '/magic/etc/passwd', '/etc/passwd', '/up/up/up/etc/passwd'],
  ]) {
    t.equal(client.open(path, O.RDONLY), errno.ENOENT, path);
    t.equal(client.ask(Request.LSTAT, path), errno.ENOENT, path);
    t.equal(client.status(Request.REMOVE, path), errno.ENOENT, path);
    t.equal(client.status(Request.CHMOD, path, 0o777), errno.ENOENT, path);
    t.equal(client.status(Request.LINK, path, '/stolen'), errno.ENOENT, path);
  }
  t.equal(client.open('/passwd', O.RDONLY), errno.ELOOP, "a link is the guest kernel's to follow");
  t.equal(readFileSync(secret, 'utf8'), 'secret');
  client.close();
});

t.test('a descriptor of a directory leads no client out', async (t) => {
  const workplace = new Workplace();
  secretBeside(workplace);
  const daemon = startHelper(t, { workplace });
  await isConfined(daemon);
  // A client that is QEMU in the hands of its guest: it opens relative to what it was given.
  const script =
    'import os, socket, struct, sys\n' +
    'client = socket.socket(socket.AF_UNIX); client.connect(sys.argv[1])\n' +
    'client.sendall(struct.pack("=IIH", 2, 7, 1) + b"/" + struct.pack("=I", os.O_DIRECTORY))\n' +
    'mark, (fd,), _, _ = socket.recv_fds(client, 4, 1)\n' +
    'above = os.open("../../..", os.O_PATH, dir_fd=fd)\n' +
    'print(os.fstat(above).st_ino == os.fstat(fd).st_ino)\n' +
    'try: print(os.stat("../secret", dir_fd=fd))\n' +
    'except FileNotFoundError: print("not found")\n';
  const said = execFileSync('python3', ['-c', script, workplace.socket], { encoding: 'utf8' });
  t.equal(said, 'True\nnot found\n');
});

async function race(
  t: Test,
  furnish: (share: string, workplace: Workplace) => void,
  attempt: (client: Client) => void,
): Promise<void> {
  const workplace = new Workplace();
  const daemon = startHelper(t, {
    workplace,
    furnish: (share) => {
      furnish(share, workplace);
    },
  });
  const client = await connectTo(daemon);
  const racer = new native.HostRacer(join(workplace.share, 'way'), join(workplace.share, 'other'));
  try {
    for (let i = 0; i < exchanges; i++) attempt(client);
  } finally {
    t.ok(racer.stop() > 0, 'the names were exchanged meanwhile');
  }
  client.close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
}

t.test('a directory that becomes a link under way leads nobody out', async (t) => {
  const answers = new Set<true | number>();
  await race(
    t,
    (share, workplace) => {
      secretBeside(workplace);
      mkdirSync(join(share, 'way'));
      symlinkSync(workplace.path, join(share, 'other'));
    },
    (client) => {
      answers.add(client.open('/way/secret', O.RDONLY));
      answers.add(client.status(Request.REMOVE, '/way/secret') || true);
    },
  );
  answers.delete(errno.EAGAIN);
  t.strictSame([...answers], [errno.ENOENT], 'the secret was neither opened nor removed');
});

t.test('a file that becomes a FIFO under way is not opened', async (t) => {
  const answers = new Set<true | number>();
  await race(
    t,
    (share) => {
      writeFileSync(join(share, 'way'), 'content');
      execFileSync('mkfifo', [join(share, 'other')]);
    },
    (client) => {
      // Of a FIFO that nobody reads, this would never come to an end.
      answers.add(client.open('/way', O.WRONLY));
      answers.add(client.create('/way', O.WRONLY, 0o644, 0, 0));
    },
  );
  t.strictSame([...answers].map(String).sort(), ['-6', 'true']);
});

t.test(
  'a device is made and never opened',
  { skip: (!isRoot && 'not root') || (!hasStrace && 'strace cannot be run') },
  async (t) => {
    const workplace = new Workplace();
    const daemon = startHelper(t, { workplace });
    await isConfined(daemon);
    const trace = await CallTrace.attach(daemon.pid, join(workplace.path, 'trace'));
    const client = await connectTo(daemon);
    // /dev/zero
    t.equal(client.status(Request.MKNOD, 0, 0, '/device', 0o020666, 0x105n), 0);
    for (const flags of [O.RDONLY, O.WRONLY, O.RDWR, O.RDWR | O.CREAT, 0o10_000_000 /* O_PATH */]) {
      t.equal(client.open('/device', flags), errno.ENXIO);
      t.equal(client.create('/device', flags, 0o644, 0, 0), errno.ENXIO);
    }
    t.strictSame(client.ask(Request.GETVERSION, '/device'), Buffer.alloc(8), 'nor for its version');
    t.equal(client.status(Request.TRUNCATE, '/device', 0n), -22);
    client.close();
    t.equal((await daemon.exited).code, 0);
    const opens = (await trace.calls()).filter(
      ({ role, syscall, args }) =>
        role === 'proxy-helper' && syscall === 'openat' && ((args[2] ?? 0n) & 0o300n) !== 0o300n,
    );
    t.strictSame(opens, [], 'no openat but those that must make a new file');
    rmSync(join(workplace.share, 'device'));
  },
);
