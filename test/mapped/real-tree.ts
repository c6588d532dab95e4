// SPDX-License-Identifier: Apache-2.0

/** Trees of real objects, made and looked at without any of what is tested. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadBinding } from '../../src/native/binding.js';
import type { Fd } from '../../src/native/types.js';

export const { fileObjects } = loadBinding();
const O_PATH = 0o10000000;

/** What needs root is made by root only. */
export const isRoot = process.getuid?.() === 0;
export const needsRoot = isRoot ? {} : { skip: 'needs root: devices and owners' };

/** On a file system with attributes, which /tmp is; removed after the test. */
export function scratchDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-mapped-'));
  t.teardown(() => {
    // Deeper than Node.js can go.
    execFileSync('rm', ['-rf', directory]);
  });
  return directory;
}

export function onObject<T>(path: string | Buffer, work: (fd: Fd) => T): T {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW) as Fd;
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

export function setAttribute(path: string | Buffer, name: string, value: Uint8Array): void {
  const failure = onObject(path, (fd) => fileObjects.setAttribute(fd, Buffer.from(name), value));
  if (failure !== undefined) throw new Error(`setxattr ${name}: ${failure.code}`);
}

export function attribute(path: string | Buffer, name: string): Buffer | null {
  const value = onObject(path, (fd) => fileObjects.getAttribute(fd, Buffer.from(name)));
  if (value !== null && 'errno' in value) throw new Error(`getxattr ${name}: ${value.code}`);
  return value === null ? null : Buffer.from(value);
}

export function attributeNames(path: string | Buffer): readonly string[] {
  const names = onObject(path, (fd) => fileObjects.listAttributes(fd));
  if ('errno' in names) throw new Error(`listxattr: ${names.code}`);
  return names.map((name) => Buffer.from(name).toString('latin1')).sort();
}

export function setTimes(path: string | Buffer, access: bigint, modification: bigint): void {
  const failure = onObject(path, (fd) => fileObjects.setTimes(fd, access, modification));
  if (failure !== undefined) throw new Error(`utimensat: ${failure.code}`);
}

export function makeNode(path: string | Buffer, mode: number, device: bigint): void {
  const whole = Buffer.from(path);
  const slash = whole.lastIndexOf(0x2f);
  const failure = onObject(whole.subarray(0, slash), (fd) =>
    fileObjects.makeNode(fd, whole.subarray(slash + 1), mode, device),
  );
  if (failure !== undefined) throw new Error(`mknod: ${failure.code}`);
}

/** user::rw-, user:1000:rwx, group::r--, mask::rwx, other::r-- */
export const accessList = list([0x01, 6], [0x02, 7, 1000], [0x04, 4], [0x10, 7], [0x20, 4]);
export const defaultList = list([0x01, 7], [0x04, 5], [0x08, 5, 2000], [0x10, 5], [0x20, 0]);

function list(...entries: readonly (readonly [number, number, number?])[]): Buffer {
  const value = Buffer.alloc(4 + 8 * entries.length);
  value.writeUInt32LE(2);
  entries.forEach(([tag, permissions, id = 0xffff_ffff], index) => {
    value.writeUInt16LE(tag, 4 + 8 * index);
    value.writeUInt16LE(permissions, 6 + 8 * index);
    value.writeUInt32LE(id, 8 + 8 * index);
  });
  return value;
}

/** An object of each kind, with all that can be lost. */
export function makeRichTree(path: string): void {
  mkdirSync(path);
  const at = (name: string): string => join(path, name);
  mkdirSync(at('bin'));
  writeFileSync(at('bin/su'), 'a program');
  chownSync(at('bin/su'), 0, 7);
  chmodSync(at('bin/su'), 0o6755);
  linkSync(at('bin/su'), at('bin/doas'));
  mkdirSync(at('tmp'));
  chmodSync(at('tmp'), 0o1777);
  mkdirSync(at('shared'));
  chownSync(at('shared'), 1000, 2000);
  chmodSync(at('shared'), 0o2770);
  setAttribute(at('shared'), 'system.posix_acl_default', defaultList);
  writeFileSync(at('shared/list'), 'x');
  // The directory has given it a list of its own.
  setAttribute(at('shared/list'), 'system.posix_acl_access', accessList);
  setAttribute(at('shared/list'), 'user.comment', Buffer.from('kept\0bytes'));
  mkdirSync(at('dev'));
  makeNode(at('dev/null'), constants.S_IFCHR | 0o666, 0x103n);
  chmodSync(at('dev/null'), 0o666);
  makeNode(at('dev/disk'), constants.S_IFBLK | 0o640, ((0xfffffn << 12n) & 0xfff00000n) | 0x8ffn);
  linkSync(at('dev/disk'), at('dev/disk-too'));
  makeNode(at('dev/fifo'), constants.S_IFIFO | 0o600, 0n);
  makeNode(at('dev/socket'), constants.S_IFSOCK | 0o700, 0n);
  symlinkSync('../nowhere', at('tmp/link'));
  lchownSync(at('tmp/link'), 12, 34);
  linkSync(at('tmp/link'), at('another-link'));
  symlinkSync(Buffer.from([0xff, 0xfe]), at('odd-link'));
  const sparse = openSync(at('sparse'), 'wx', 0o640);
  writeSync(sparse, 'begin', 0);
  writeSync(sparse, 'middle', 5_000_000);
  ftruncateSync(sparse, 9_000_000);
  closeSync(sparse);
  chownSync(at('sparse'), 4_000_000_000, 3_000_000_000);
  mkdirSync(at('empty'));
  for (const name of oddNames) {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), name]), name);
  }
  let deep = at('deep');
  for (let depth = 0; depth < 60; depth++) {
    mkdirSync(deep);
    deep = join(deep, 'd');
  }
  writeFileSync(deep, 'bottom');
  setAllTimes(path);
}

export const oddNames: readonly Buffer[] = [
  Buffer.from('with a space'),
  Buffer.from('line\nend'),
  Buffer.from('\x1b]0;title\x07'),
  Buffer.from([0xc3, 0x28, 0xff]),
  Buffer.from('-R'),
  Buffer.from('n'.repeat(255)),
];

/** Times before 1970 and with nanoseconds, each another one, what is inside first. */
function setAllTimes(path: string): void {
  let next = -1_000_000_007n;
  for (const name of [...namesBelow(path)].reverse()) {
    next += 1_500_000_013n;
    setTimes(name, next + 5n, next);
  }
}

/** The tree itself and all that is in it, in order. */
export function namesBelow(path: string): readonly Buffer[] {
  const found: Buffer[] = [];
  const rest: Buffer[] = [Buffer.from(path)];
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    found.push(name);
    if (!lstatSync(name).isDirectory()) continue;
    for (const entry of readdirSync(name, { encoding: 'buffer' })) {
      rest.push(Buffer.concat([name, Buffer.from('/'), entry]));
    }
  }
  return found.sort((a, b) => Buffer.compare(a, b));
}

/** All that lstat(2), readlink(2), listxattr(2) and read(2) say of a tree, a line for each object. */
export function snapshot(path: string): readonly string[] {
  const links = new Map<string, number>();
  return namesBelow(path).map((name, index) => {
    const status = lstatSync(name, { bigint: true });
    const inode = `${status.dev}:${status.ino}`;
    if (!links.has(inode)) links.set(inode, index);
    const relative = name.subarray(Buffer.byteLength(path));
    const isLink = status.isSymbolicLink();
    return [
      relative.toString('latin1'),
      `${status.uid}:${status.gid} ${status.mode.toString(8)} ${status.rdev}`,
      status.isDirectory() ? '' : `${status.size} ${status.nlink} of ${links.get(inode) ?? -1}`,
      String(status.mtimeNs),
      isLink ? readlinkSync(name, { encoding: 'buffer' }).toString('hex') : '',
      isLink ? '' : attributesOf(name).join(' '),
      status.isFile() && status.size < 1_000_000n ? readFileSync(name).toString('hex') : '',
    ].join('|');
  });
}

function attributesOf(name: Buffer): readonly string[] {
  return attributeNames(name).map((key) => `${key}=${attribute(name, key)?.toString('hex') ?? ''}`);
}
