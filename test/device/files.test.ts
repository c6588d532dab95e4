// SPDX-License-Identifier: Apache-2.0

import {
  constants,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from './guest.js';
import { openScene } from './scene.js';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

const { guest, share } = await openScene(t);
const host = (name: string) => join(share, name);

/** A file of the host's that the guest has opened. */
function opened(name: string, content: string | Buffer, flags: number = O_RDWR) {
  writeFileSync(host(name), content);
  const { node } = guest.lookup(root, name);
  return { node, handle: guest.open(node, flags).handle };
}

t.test('CREATE makes a file with the mode and for the user that the guest says', async (t) => {
  const reply = guest.create(root, 'new', O_RDWR | O_CREAT, 0o100604, { uid: 77, gid: 88 });
  t.equal(reply.payload.length, 144);
  const stat = statSync(host('new'));
  t.strictSame([stat.mode & 0o7777, stat.uid, stat.gid], [0o604, 77, 88]);
  t.equal(guest.write(reply.node, reply.handle, 0, 'hello').count, 5);
  t.equal(readFileSync(host('new'), 'utf8'), 'hello');
  t.equal(guest.release(reply.node, reply.handle).status, 'OK');
  t.equal(guest.create(root, 'new', O_RDWR | O_CREAT | O_EXCL).status, 'EEXIST');
});

t.test('CREATE of a name that exists makes the guest look again', async (t) => {
  writeFileSync(host('appeared'), 'by the host');
  t.equal(guest.create(root, 'appeared', O_RDWR | O_CREAT).status, 'ESTALE');
  t.equal(guest.create(root, 'appeared', O_RDWR | O_CREAT | O_TRUNC).status, 'ESTALE');
  t.equal(guest.create(root, 'appeared', O_RDWR | O_CREAT | O_EXCL).status, 'EEXIST');
  t.equal(statSync(host('appeared')).size, 11);
});

t.test('CREATE opens nothing that is there', async (t) => {
  const { node } = guest.lookup(root, 'new');
  t.equal(guest.create(node, 'in a file', O_RDWR | O_CREAT).status, 'ENOTDIR');
  guest.mkdir(root, 'a directory');
  t.equal(guest.create(root, 'a directory', O_RDWR | O_CREAT).status, 'ESTALE');
  guest.symlink(root, 'dangling', '/nonexistent/outside');
  t.equal(guest.create(root, 'dangling', O_RDWR | O_CREAT).status, 'ESTALE');
  t.notOk(existsSync('/nonexistent'));
});

t.test('READ gives what is there, up to the end of the file', async (t) => {
  const { node, handle } = opened('read', 'abcdefghij');
  t.equal(guest.read(node, handle, 0, 4).text, 'abcd');
  t.equal(guest.read(node, handle, 8, 100).text, 'ij');
  t.equal(guest.read(node, handle, 10, 100).text, '');
  t.equal(guest.read(node, handle, 1n << 40n, 100).text, '');
  t.equal(guest.read(node, handle, 0, 0).text, '');
});

t.test('READ and WRITE move a mebibyte at once', async (t) => {
  const data = Buffer.alloc(1 << 20);
  for (let at = 0; at < data.length; at += 4) data.writeUInt32LE(at, at);
  const { node, handle } = opened('large', '');
  t.equal(guest.write(node, handle, 4096, data).count, data.length);
  t.ok(readFileSync(host('large')).subarray(4096).equals(data));
  t.ok(guest.read(node, handle, 4096, data.length).payload.equals(data));
});

t.test('READ and WRITE reach beyond 4 GiB', async (t) => {
  const { node, handle } = opened('sparse', '');
  const far = 5n << 30n;
  t.equal(guest.write(node, handle, far, 'far').count, 3);
  t.equal(statSync(host('sparse')).size, 5 * 2 ** 30 + 3);
  t.equal(guest.read(node, handle, far, 10).text, 'far');
  truncateSync(host('sparse'), 0);
});

t.test('a file of 5 GiB is written and read from end to end', async (t) => {
  const { node, handle } = opened('huge', '');
  const mebibyte = 2 ** 20;
  const length = 5 * 1024;
  // A mark in every 64th mebibyte, and holes between them, so that the test needs no 5 GiB of disk.
  const expected = (index: number): Buffer =>
    Buffer.alloc(mebibyte, index % 64 === 0 ? `mark ${index};` : 0);
  for (let index = 0; index < length; index += 64) {
    const { count } = guest.write(node, handle, BigInt(index) * BigInt(mebibyte), expected(index));
    if (count !== mebibyte) t.fail(`mebibyte ${index} was not written`);
  }
  const last = BigInt(length - 1) * BigInt(mebibyte);
  t.equal(guest.write(node, handle, last, expected(1)).count, mebibyte);
  t.equal(statSync(host('huge')).size, length * mebibyte);
  let differing = 0;
  for (let index = 0; index < length; index += 1) {
    const { payload } = guest.read(node, handle, BigInt(index) * BigInt(mebibyte), mebibyte);
    if (!payload.equals(expected(index))) differing += 1;
  }
  t.equal(differing, 0, 'every mebibyte is what was written, or a hole');
  truncateSync(host('huge'), 0);
});

t.test('a handle allows what it was opened for', async (t) => {
  const { node, handle } = opened('modes', 'content', O_RDONLY);
  t.equal(guest.write(node, handle, 0, 'x').status, 'EBADF');
  const writer = guest.open(node, O_WRONLY).handle;
  t.equal(guest.read(node, writer, 0, 1).status, 'EBADF');
  t.equal(readFileSync(host('modes'), 'utf8'), 'content');
  const appender = guest.open(node, O_WRONLY | O_APPEND).handle;
  t.equal(guest.write(node, appender, 7, '!').count, 1);
  t.equal(readFileSync(host('modes'), 'utf8'), 'content!');
});

t.test('OPEN with O_TRUNC empties the file', async (t) => {
  const { node } = opened('truncated', 'content');
  t.equal(guest.open(node, O_WRONLY | O_TRUNC).status, 'OK');
  t.equal(statSync(host('truncated')).size, 0);
});

t.test('a file without a name stays readable until it is released', async (t) => {
  const { node, handle } = opened('unlinked', 'still here');
  t.equal(guest.unlink(root, 'unlinked').status, 'OK');
  t.equal(guest.read(node, handle, 0, 100).text, 'still here');
  t.equal(guest.write(node, handle, 0, 'STILL').count, 5);
  guest.forget(node, 1);
  t.match(guest.read(node, handle, 0, 100).status, /OK|ESTALE|EBADF/);
  guest.release(node, handle);
});

t.test('RELEASE ends a handle', async (t) => {
  const { node, handle } = opened('released', 'x');
  t.equal(guest.release(node, handle).status, 'OK');
  t.equal(guest.read(node, handle, 0, 1).status, 'EBADF');
  t.equal(guest.release(node, handle).status, 'EBADF');
});

t.test('FLUSH and FSYNC work on open files', async (t) => {
  const { node, handle } = opened('synced', 'x');
  t.match(guest.flush(node, handle).status, /OK|ENOSYS/);
  t.equal(guest.fsync(node, handle).status, 'OK');
  t.equal(guest.fsync(node, handle, true).status, 'OK');
  t.equal(guest.fsync(node, handle + 1000n).status, 'EBADF');
});

t.test('FALLOCATE makes room and punches holes', async (t) => {
  const { node, handle } = opened('room', Buffer.alloc(8192, 'x'));
  t.equal(guest.fallocate(node, handle, 0n, 16384n).status, 'OK');
  t.equal(statSync(host('room')).size, 16384);
  t.equal(guest.fallocate(node, handle, 0n, 65536n, FALLOC_FL_KEEP_SIZE).status, 'OK');
  t.equal(statSync(host('room')).size, 16384);
  const punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  t.equal(guest.fallocate(node, handle, 0n, 4096n, punch).status, 'OK');
  t.ok(readFileSync(host('room')).subarray(0, 4096).equals(Buffer.alloc(4096)));
  t.equal(guest.fallocate(node, handle, 0n, 0n).status, 'EINVAL');
  t.match(guest.fallocate(node, handle, 0n, 4096n, 0x4000).status, /EOPNOTSUPP|EINVAL/);
  t.match(guest.fallocate(node, handle, 1n << 62n, 1n << 62n).status, /EFBIG|EINVAL/);
});

t.test('LSEEK finds data and holes', async (t) => {
  const { node, handle } = opened('holes', '');
  guest.write(node, handle, 1 << 20, Buffer.alloc(4096, 'x'));
  t.equal(guest.lseek(node, handle, 0, SEEK_DATA).offset, 1n << 20n);
  t.equal(guest.lseek(node, handle, 0, SEEK_HOLE).offset, 0n);
  t.equal(guest.lseek(node, handle, 2 << 20, SEEK_DATA).status, 'ENXIO');
  t.equal(guest.lseek(node, handle, 0, 99).status, 'EINVAL');
  t.match(guest.lseek(node, handle, 1n << 63n, SEEK_SET).status, /EINVAL|EOVERFLOW/);
});

t.test('COPY_FILE_RANGE copies between files', async (t) => {
  const from = opened('copy from', '0123456789');
  const to = opened('copy to', '');
  t.equal(guest.copyFileRange({ ...from, offset: 2 }, { ...to, offset: 1 }, 5).count, 5);
  t.equal(readFileSync(host('copy to'), 'latin1'), '\0' + '23456');
  t.equal(guest.copyFileRange({ ...from, offset: 10 }, { ...to, offset: 0 }, 5).count, 0);
  t.equal(guest.copyFileRange({ ...from, offset: 0 }, { ...to, offset: 0 }, 5, 1).status, 'EINVAL');
  const stale = { node: to.node, handle: to.handle + 1000n, offset: 0 };
  t.equal(guest.copyFileRange({ ...from, offset: 0 }, stale, 5).status, 'EBADF');
});

t.test('what may not be opened is not', async (t) => {
  t.match(guest.open(root, O_RDWR).status, /EISDIR/);
  const missing = guest.lookup(root, 'released').node;
  guest.unlink(root, 'released');
  t.equal(guest.open(missing, O_RDONLY).status, 'OK', 'while the guest remembers it');
});
