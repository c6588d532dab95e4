// SPDX-License-Identifier: Apache-2.0

import { lstatSync, mkdirSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Fattr, root } from './guest.js';
import { hostXattrs } from './host-xattrs.js';
import { openScene } from './scene.js';

const R_OK = 4;
const W_OK = 2;
const X_OK = 1;
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;

const { guest, share } = await openScene(t, { options: ['--xattr'] });
const host = (name: string) => join(share, name);

function made(name: string, content = '') {
  writeFileSync(host(name), content, { mode: 0o644 });
  return guest.lookup(root, name).node;
}

t.test('GETATTR says what the host sees', async (t) => {
  const node = made('seen', 'four');
  const stat = lstatSync(host('seen'), { bigint: true });
  const { attributes } = guest.getattr(node);
  t.equal(attributes.size, 4n);
  t.equal(attributes.ino, stat.ino);
  t.equal(attributes.mtime * 1_000_000_000n + BigInt(attributes.mtimeNs), stat.mtimeNs);
  writeFileSync(host('seen'), 'changed by the host');
  t.equal(guest.getattr(node).attributes.size, 19n);
});

t.test('SETATTR changes modes', async (t) => {
  const node = made('mode');
  t.equal(guest.setattr(node, { mode: 0o100421 }).attributes.mode, 0o100421);
  t.equal(statSync(host('mode')).mode, 0o100421);
  t.equal(guest.setattr(node, { mode: 0o106755 }).status, 'OK');
  t.equal(statSync(host('mode')).mode & 0o7777, 0o6755);
});

t.test('SETATTR changes owners', async (t) => {
  const node = made('owner');
  t.equal(guest.setattr(node, { uid: 5 }).attributes.uid, 5);
  t.equal(guest.setattr(node, { gid: 6 }).attributes.gid, 6);
  t.strictSame([statSync(host('owner')).uid, statSync(host('owner')).gid], [5, 6]);
  const link = guest.symlink(root, 'owned link', '/etc/passwd').node;
  const before = statSync('/etc/passwd').uid;
  t.equal(guest.setattr(link, { uid: 7 }).attributes.uid, 7);
  t.equal(lstatSync(host('owned link')).uid, 7);
  t.equal(statSync('/etc/passwd').uid, before, 'and not of what a link names');
});

t.test('SETATTR changes sizes, with and without a handle', async (t) => {
  const node = made('size', '0123456789');
  t.equal(guest.setattr(node, { size: 4 }).attributes.size, 4n);
  t.equal(readFileSync(host('size'), 'utf8'), '0123');
  const { handle } = guest.open(node, 2);
  t.equal(guest.setattr(node, { size: 6, fh: handle }).attributes.size, 6n);
  t.equal(readFileSync(host('size'), 'latin1'), '0123\0\0');
  t.equal(guest.setattr(node, { size: 1, fh: handle + 1000n }).status, 'EBADF');
  t.equal(guest.setattr(root, { size: 0 }).status, 'EISDIR');
  t.match(guest.setattr(node, { size: 1n << 63n }).status, /EFBIG|EINVAL/);
  t.equal(statSync(host('size')).size, 6);
});

t.test('SETATTR changes times', async (t) => {
  const node = made('times');
  const { attributes } = guest.setattr(node, { atime: 1000, mtime: 2000, mtimeNs: 123456789 });
  t.strictSame([attributes.atime, attributes.mtime, attributes.mtimeNs], [1000n, 2000n, 123456789]);
  t.equal(lstatSync(host('times'), { bigint: true }).mtimeNs, 2000_123456789n);
  guest.setattr(node, { valid: Fattr.MTIME | Fattr.MTIME_NOW });
  const stat = statSync(host('times'));
  t.ok(Math.abs(stat.mtimeMs - Date.now()) < 60_000, 'now, by the host’s clock');
  t.equal(stat.atimeMs, 1000_000, 'and the other one stays');
  t.equal(guest.setattr(node, { mtime: 1, mtimeNs: 0x3fffffff }).status, 'EINVAL', 'UTIME_NOW');
});

t.test('SETATTR changes several things together', async (t) => {
  const node = made('several', 'content');
  const { attributes } = guest.setattr(node, { uid: 9, gid: 9, mode: 0o104711, size: 2, mtime: 5 });
  t.strictSame(
    [attributes.uid, attributes.gid, attributes.mode, attributes.size, attributes.mtime],
    [9, 9, 0o104711, 2n, 5n],
  );
});

t.test('SETATTR without anything to set is a GETATTR', async (t) => {
  const node = made('nothing', 'x');
  t.equal(guest.setattr(node, {}).attributes.size, 1n);
});

t.test('ACCESS knows the mode bits', async (t) => {
  const node = made('access');
  guest.setattr(node, { mode: 0o640, uid: 100, gid: 200 });
  t.equal(guest.access(node, R_OK | W_OK, { uid: 100, gid: 1 }).status, 'OK');
  t.equal(guest.access(node, R_OK, { uid: 1, gid: 200 }).status, 'OK');
  t.equal(guest.access(node, W_OK, { uid: 1, gid: 200 }).status, 'EACCES');
  t.equal(guest.access(node, R_OK, { uid: 1, gid: 1 }).status, 'EACCES');
  t.equal(guest.access(node, R_OK | W_OK).status, 'OK', 'root');
  t.equal(guest.access(node, X_OK).status, 'EACCES', 'root, nobody may');
  t.equal(guest.access(node, 0x100).status, 'EINVAL');
});

t.test('STATFS says how large the host’s file system is', async (t) => {
  const bytes = guest.statfs().payload;
  const stat = statfsSync(share, { bigint: true });
  t.equal(bytes.length, 80);
  t.equal(bytes.readBigUInt64LE(0), stat.blocks);
  t.equal(BigInt(bytes.readUInt32LE(40)), stat.bsize);
  t.equal(bytes.readUInt32LE(44), 255, 'the longest name');
});

t.test('SYNCFS answers', async (t) => {
  t.equal(guest.syncfs().status, 'OK');
});

t.test('xattrs are set, read, listed and removed', async (t) => {
  const node = made('xattrs');
  t.equal(guest.setxattr(node, 'user.colour', 'blue').status, 'OK');
  t.equal(guest.setxattr(node, 'user.empty', '').status, 'OK');
  t.equal(guest.getxattr(node, 'user.colour', 100).text, 'blue');
  t.equal(guest.getxattr(node, 'user.colour', 0).count, 4);
  t.equal(guest.getxattr(node, 'user.colour', 3).status, 'ERANGE');
  t.equal(guest.getxattr(node, 'user.empty', 10).text, '');
  const names = guest.listxattr(node, 4096).text.split('\0');
  t.ok(names.includes('user.colour') && names.includes('user.empty'));
  t.equal(guest.listxattr(node, 0).count, guest.listxattr(node, 4096).payload.length);
  t.equal(guest.listxattr(node, 2).status, 'ERANGE');
  t.equal(guest.removexattr(node, 'user.colour').status, 'OK');
  t.equal(guest.removexattr(node, 'user.colour').status, 'ENODATA');
  t.equal(guest.getxattr(node, 'user.colour', 100).status, 'ENODATA');
  t.notMatch(guest.listxattr(node, 4096).text, /colour/);
});

t.test('xattrs reach the host’s file', async (t) => {
  const node = made('on the host');
  guest.setxattr(node, 'user.written', 'by the guest');
  t.equal(hostXattrs(host('on the host'))['user.written'], 'by the guest');
});

t.test('SETXATTR knows CREATE and REPLACE', async (t) => {
  const node = made('xattr flags');
  t.equal(guest.setxattr(node, 'user.a', '1', XATTR_REPLACE).status, 'ENODATA');
  t.equal(guest.setxattr(node, 'user.a', '1', XATTR_CREATE).status, 'OK');
  t.equal(guest.setxattr(node, 'user.a', '2', XATTR_CREATE).status, 'EEXIST');
  t.equal(guest.setxattr(node, 'user.a', '2', XATTR_REPLACE).status, 'OK');
  t.equal(guest.getxattr(node, 'user.a', 10).text, '2');
  t.equal(guest.setxattr(node, 'user.a', '3', 0x100).status, 'EINVAL');
  t.equal(guest.setxattr(node, 'nonsense', '3').status, 'EOPNOTSUPP');
  t.equal(guest.setxattr(node, '', '3').status, 'ERANGE');
  t.equal(guest.setxattr(node, `user.${'n'.repeat(300)}`, '3').status, 'ERANGE');
});

t.test('directories have xattrs too', async (t) => {
  mkdirSync(host('xattr directory'));
  const { node } = guest.lookup(root, 'xattr directory');
  t.equal(guest.setxattr(node, 'user.d', 'v').status, 'OK');
  t.equal(guest.getxattr(node, 'user.d', 10).text, 'v');
});
