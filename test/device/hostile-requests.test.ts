// SPDX-License-Identifier: Apache-2.0

// What a hostile guest kernel can say: every case gets an error, does nothing, and costs nobody else anything.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { Op, root, terminated } from './guest.js';
import { processTree } from './process-tree.js';
import { openScene, stillServes } from './scene.js';
import { hasStrace, traceCalls } from './strace.js';
import { u32, u64 } from './vhost-user-message.js';

const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;
const S_IFIFO = 0o010000;
const S_IFSOCK = 0o140000;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

const { daemon, guest, share } = await openScene(t, {
  options: ['--xattr', '--posix-lock', '--flock'],
  furnish: (share) => {
    writeFileSync(`${share}/file`, 'content');
    mkdirSync(`${share}/directory`);
  },
});
const file = guest.lookup(root, 'file').node;
const directory = guest.lookup(root, 'directory').node;
const fileHandle = guest.open(file, O_RDWR).handle;
const directoryHandle = guest.opendir(directory).handle;

function shareIsUntouched(): boolean {
  return readdirSync(share, { recursive: true }).sort().join() === 'directory,file';
}

t.test('a NUL inside a name ends it', async (t) => {
  t.equal(guest.mkdir(root, 'cut').status, 'OK');
  t.equal(guest.rmdir(root, 'cut\0/../off').status, 'OK');
  t.notOk(existsSync(`${share}/cut`));
  // Where more may follow a name, it is not what follows here.
  t.equal(guest.mkdir(root, 'cut\0/../off').status, 'EINVAL');
  t.notOk(existsSync(`${share}/cut`));
  t.equal(guest.rmdir(root, '\0directory').status, 'EINVAL');
});

/** Every opcode with the size of its fixed part. */
const fixedParts: readonly [string, number][] = [
  ['FORGET', 8],
  ['GETATTR', 16],
  ['SETATTR', 88],
  ['MKNOD', 16],
  ['MKDIR', 8],
  ['RENAME', 8],
  ['LINK', 8],
  ['OPEN', 8],
  ['READ', 40],
  ['WRITE', 40],
  ['RELEASE', 24],
  ['FSYNC', 16],
  ['SETXATTR', 8],
  ['GETXATTR', 8],
  ['LISTXATTR', 8],
  ['FLUSH', 24],
  ['INIT', 16],
  ['OPENDIR', 8],
  ['READDIR', 40],
  ['RELEASEDIR', 24],
  ['FSYNCDIR', 16],
  ['ACCESS', 8],
  ['CREATE', 16],
  ['BATCH_FORGET', 8],
  ['FALLOCATE', 32],
  ['READDIRPLUS', 40],
  ['RENAME2', 16],
  ['LSEEK', 24],
  ['COPY_FILE_RANGE', 56],
];

t.test('a body that is too short is refused, for every opcode', async (t) => {
  for (const [name, size] of fixedParts) {
    for (const length of [0, 1, size - 1]) {
      const opcode = Op[name as keyof typeof Op];
      if (name.endsWith('FORGET')) {
        guest.notify(opcode, root, Buffer.alloc(length));
        continue;
      }
      const { status } = guest.request(opcode, root, Buffer.alloc(length));
      t.equal(status, 'EINVAL', `${name}, ${length} bytes`);
    }
  }
  t.ok(shareIsUntouched());
  stillServes(t, guest, 'short bodies');
});

t.test('the length in the header must fit what was sent', async (t) => {
  const body = u64(0, 0);
  for (const length of [0, 39, 40, 55, 57, 0x7fffffff, 0xffffffff]) {
    const { status } = guest.request(Op.GETATTR, root, body, { length });
    t.equal(status, 'EINVAL', `${length} bytes`);
  }
  const longer = Buffer.concat([body, Buffer.alloc(64)]);
  t.equal(guest.request(Op.GETATTR, root, longer, { length: 56 }).status, 'OK', 'more was sent');
  stillServes(t, guest, 'wrong lengths');
});

t.test('a chain without a whole header comes back unused', async (t) => {
  for (const size of [0, 1, 39]) {
    const readable = size === 0 ? [] : [guest.header(Op.GETATTR, root, 16).subarray(0, size)];
    guest.queue.submit(readable, [16, 104]);
    t.equal(guest.queue.collect().length, 0, `${size} bytes`);
  }
  stillServes(t, guest, 'cut headers');
});

t.test('a request without room for its reply does no harm', async (t) => {
  for (let room = 0; room < 16; room++) {
    guest.queue.submit([guest.header(Op.GETATTR, root, 16), u64(0, 0)], room === 0 ? [] : [room]);
    t.equal(guest.queue.collect().length, 0, `${room} bytes`);
  }
  for (const room of [0, 1, 103]) {
    const { status } = guest.request(Op.GETATTR, root, u64(0, 0), { room });
    t.equal(status, 'EIO', `${room} bytes behind the header`);
  }
  t.match(guest.request(Op.LOOKUP, root, terminated('file'), { room: 127 }).status, /EIO/);
  t.match(guest.request(Op.READLINK, file, u32(), { room: 0 }).status, /EINVAL|EIO/);
  t.equal(guest.read(file, fileHandle, 0, 4096, 3).text, 'con', 'READ gives what fits');
  stillServes(t, guest, 'small rooms');
});

t.test('a CREATE whose reply does not fit makes nothing', async (t) => {
  for (let i = 0; i < 50; i++) {
    const body = Buffer.concat([u32(O_RDWR | O_CREAT, 0o644, 0, 0), terminated('unheard')]);
    t.equal(guest.request(Op.CREATE, root, body, { room: 130 }).status, 'EIO');
  }
  t.equal(guest.unlink(root, 'unheard').status, 'ENOENT');
  stillServes(t, guest, 'unheard replies');
});

t.test('sizes of 4 GiB are cut down to the room there is', async (t) => {
  const huge = 0xffffffff;
  t.equal(guest.read(file, fileHandle, 0, huge, 100).text, 'content');
  const read = Buffer.concat([u64(directoryHandle, 0), u32(huge, 0), u64(0), u32(0, 0)]);
  for (const opcode of [Op.READDIR, Op.READDIRPLUS]) {
    t.equal(guest.request(opcode, directory, read, { room: 4096 }).status, 'OK');
  }
  const name = Buffer.concat([u32(huge, 0), terminated('user.none')]);
  t.equal(guest.request(Op.GETXATTR, file, name).status, 'ENODATA');
  t.equal(guest.request(Op.LISTXATTR, file, u32(huge, 0)).status, 'OK');
  t.equal(guest.write(file, fileHandle, 0, 'short', huge).status, 'EINVAL', 'WRITE');
  const value = Buffer.concat([u32(huge, 0), terminated('user.a'), Buffer.from('short')]);
  t.equal(guest.request(Op.SETXATTR, file, value).status, 'EINVAL');
  stillServes(t, guest, 'huge sizes');
});

t.test('offsets beyond 2^63 are refused', async (t) => {
  for (const offset of [1n << 63n, (1n << 64n) - 1n, (1n << 63n) - 1n]) {
    t.match(guest.write(file, fileHandle, offset, 'x').status, /EINVAL|EFBIG|EOVERFLOW/);
    t.match(guest.read(file, fileHandle, offset, 10).status, /EINVAL|EOVERFLOW|OK/);
    t.match(guest.fallocate(file, fileHandle, offset, 1n).status, /EINVAL|EFBIG/);
    const from = { node: file, handle: fileHandle, offset };
    t.match(guest.copyFileRange(from, from, 1).status, /EINVAL|EOVERFLOW|EFBIG/);
    t.match(guest.readdir(directory, directoryHandle, offset, 4096).status, /OK|EINVAL|EOVERFLOW/);
  }
  t.equal(guest.read(file, fileHandle, 0, 100).text, 'content');
  stillServes(t, guest, 'offsets');
});

t.test('nodes and handles that were never given lead nowhere, for every opcode', async (t) => {
  const stale = guest.mkdir(root, 'gone').node;
  guest.rmdir(root, 'gone');
  guest.forget(stale, 1);
  const nodes = [0n, 2n ** 64n - 1n, 2n ** 63n, 0xdeadbeefn, 2n ** 32n + 1n, stale];
  const kept = [Op.INIT, Op.DESTROY, Op.FORGET, Op.BATCH_FORGET, Op.INTERRUPT] as readonly number[];
  for (const [name, opcode] of Object.entries(Op)) {
    if (kept.includes(opcode)) continue;
    for (const node of nodes) {
      // Handle zero, names of nothing: whatever the layout, a valid body.
      const body = Buffer.concat([Buffer.alloc(128), terminated('name'), terminated('other')]);
      const { status } = guest.request(opcode, node, body);
      t.not(status, 'OK', `${name} of node ${node}`);
      t.not(status, 'ENOSYS', name);
    }
  }
  for (const node of nodes) guest.forget(node, 5);
  for (const handle of [2n ** 64n - 1n, 2n ** 63n, 2n ** 32n + 7n, 4711n]) {
    const statuses = [
      guest.read(file, handle, 0, 10),
      guest.write(file, handle, 0, 'x'),
      guest.fsync(file, handle),
      guest.flush(file, handle),
      guest.release(file, handle),
      guest.lseek(file, handle, 0, 0),
      guest.fallocate(file, handle, 0n, 1n),
      guest.setattr(file, { size: 0, fh: handle }),
      guest.readdir(directory, handle, 0, 100),
      guest.readdir(directory, handle, 0, 1000, true),
      guest.fsyncdir(directory, handle),
      guest.releasedir(directory, handle),
    ].map(({ status }) => status);
    for (const status of statuses) t.match(status, /EBADF|ENOSYS/, `handle ${handle}`);
  }
  t.ok(shareIsUntouched());
  stillServes(t, guest, 'forged ids');
});

t.test('a guest that has not opened anything has no handle 0 either', async (t) => {
  const scene = await openScene(t);
  t.equal(scene.guest.read(root, 0n, 0, 10).status, 'EBADF');
  t.equal(scene.guest.readdir(root, 0n, 0, 100).status, 'EBADF');
  stillServes(t, scene.guest, 'handle 0');
});

t.test('a handle belongs to its node and to its kind', async (t) => {
  const other = guest.create(root, 'other', O_RDWR | O_CREAT);
  t.match(guest.read(other.node, fileHandle, 0, 10).status, /EBADF/);
  t.match(guest.read(directory, fileHandle, 0, 10).status, /EBADF|EISDIR/);
  t.match(guest.setattr(other.node, { size: 0, fh: fileHandle }).status, /EBADF/);
  t.equal(guest.read(file, fileHandle, 0, 10).text, 'content');
  // Both tables begin their numbers alike: a number that is valid in the other one must not count.
  const directories = Array.from({ length: 8 }, () => guest.opendir(directory).handle);
  for (const handle of directories) {
    t.match(guest.read(directory, handle, 0, 10).status, /EBADF|EISDIR/);
    t.match(guest.write(directory, handle, 0, 'x').status, /EBADF|EISDIR/);
    t.match(guest.release(directory, handle).status, /EBADF/);
    t.equal(guest.releasedir(directory, handle).status, 'OK');
  }
  t.match(guest.readdir(file, fileHandle, 0, 100).status, /EBADF|ENOTDIR/);
  t.match(guest.releasedir(file, fileHandle).status, /EBADF|ENOTDIR/);
  guest.release(other.node, other.handle);
  guest.unlink(root, 'other');
  stillServes(t, guest, 'mixed up handles');
});

t.test('special files are never opened, and nobody waits for them', async (t) => {
  const kinds: readonly [string, number, number][] = [
    ['fifo', S_IFIFO, 0],
    ['socket', S_IFSOCK, 0],
    ['character device', S_IFCHR, (1 << 8) | 5],
    ['block device', S_IFBLK, 7 << 8],
  ];
  for (const [name, type, device] of kinds) {
    const { node } = guest.mknod(root, name, type | 0o666, device);
    for (const flags of [0, 1, 2, 0o1000, 0o4000]) {
      t.not(guest.open(node, flags).status, 'OK', `OPEN ${name}, flags ${flags}`);
      t.not(guest.create(root, name, flags | O_CREAT).status, 'OK', `CREATE ${name}`);
    }
    t.not(guest.opendir(node).status, 'OK');
    t.not(guest.setattr(node, { size: 0 }).status, 'OK', `truncate ${name}`);
    t.not(guest.syncfs(node).status, 'OK');
    t.equal(guest.getattr(node).status, 'OK');
    t.equal(guest.setattr(node, { mode: 0o600 }).status, 'OK', 'chmod needs no open');
    t.equal(guest.unlink(root, name).status, 'OK');
  }
  stillServes(t, guest, 'special files');
});

t.test(
  'no system call opens a device (CVE-2020-35517)',
  { skip: hasStrace && process.getuid?.() === 0 ? false : 'needs root and strace' },
  async (t) => {
    const worker = processTree(daemon.pid).at(-1) ?? 0;
    const { node } = guest.mknod(root, 'loop', S_IFBLK | 0o666, 7 << 8);
    const device = { node, handle: fileHandle, offset: 0 };
    const opens = await traceCalls([worker], ['openat', 'openat2', 'open', 'open_tree'], () => {
      for (const flags of [0, 1, O_RDWR, O_RDWR | O_TRUNC]) guest.open(node, flags);
      guest.create(root, 'loop', O_RDWR | O_CREAT);
      guest.opendir(node);
      guest.read(node, fileHandle, 0, 10);
      guest.write(node, fileHandle, 0, 'x');
      guest.setattr(node, { size: 0 });
      guest.setattr(node, { size: 0, fh: fileHandle });
      guest.fallocate(node, fileHandle, 0n, 10n);
      guest.copyFileRange(device, { node: file, handle: fileHandle, offset: 0 }, 5);
      guest.copyFileRange({ node: file, handle: fileHandle, offset: 0 }, device, 5);
      guest.fsync(node, fileHandle);
      guest.syncfs(node);
      guest.setxattr(node, 'user.a', 'b');
      guest.getxattr(node, 'user.a', 10);
      guest.listxattr(node, 10);
      guest.ioctl(node, fileHandle, 0x1260, Buffer.alloc(8), 8);
      guest.lookup(root, 'loop');
    });
    const real = opens.filter(
      ({ name, arguments: args, result }) =>
        name !== 'open_tree' && !args.includes('O_PATH') && !result.startsWith('-1'),
    );
    t.same(real, [], `${opens.length} descriptors, none of them open`);
    t.equal(guest.unlink(root, 'loop').status, 'OK');
  },
);

t.test('xattrs of special files and links are the host’s business only', async (t) => {
  const { node } = guest.mknod(root, 'a fifo', S_IFIFO | 0o600);
  t.not(guest.setxattr(node, 'user.a', 'b').status, 'OK');
  t.not(guest.getxattr(node, 'user.a', 10).status, 'OK');
  guest.unlink(root, 'a fifo');
  const link = guest.symlink(root, 'a link', '/etc/passwd').node;
  t.not(guest.setxattr(link, 'user.a', 'b').status, 'OK');
  guest.unlink(root, 'a link');
  stillServes(t, guest, 'odd xattrs');
});
