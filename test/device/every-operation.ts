// SPDX-License-Identifier: Apache-2.0

/** A guest that does everything once: each operation that leads to system calls of its own. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { securityContexts } from './extensions.js';
import { Init, root, type Guest } from './guest.js';
import type { Reply } from './fuse-reply.js';

const O_RDWR = 2;
const FUSE_WRITE_KILL_SUIDGID = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const RENAME_NOREPLACE = 1;
const SEEK_DATA = 3;
const FUSE_IOCTL_DIR = 16;
const listingSize = 4096;
const user = { uid: 1000, gid: 1000 };

export const crowdSize = 400;

export function furnishForAll(share: string): void {
  writeFileSync(`${share}/file`, 'content');
  writeFileSync(`${share}/doomed`, 'content');
  mkdirSync(`${share}/directory`);
  mkdirSync(`${share}/crowd`);
  for (let i = 0; i < crowdSize; i++) writeFileSync(`${share}/crowd/${i}`, '');
}

/** An operation that is refused by the host's file system has led to its call as well. */
function expect(reply: Reply, what: string, ...otherwise: readonly string[]): Reply {
  if (reply.status !== 'OK' && !otherwise.includes(reply.status)) {
    throw new Error(`${what}: ${reply.status}`);
  }
  return reply;
}

export function useFiles(guest: Guest): void {
  const { node } = expect(guest.lookup(root, 'file'), 'LOOKUP');
  const { handle } = expect(guest.open(node, O_RDWR), 'OPEN');
  expect(guest.write(node, handle, 0, 'more content'), 'WRITE');
  expect(guest.write(node, handle, 0, 'more', 4, FUSE_WRITE_KILL_SUIDGID), 'WRITE');
  expect(guest.read(node, handle, 0, 100), 'READ');
  expect(guest.flush(node, handle), 'FLUSH');
  expect(guest.fsync(node, handle), 'FSYNC');
  expect(guest.fsync(node, handle, true), 'FSYNC of data');
  expect(guest.fallocate(node, handle, 0n, 8192n, FALLOC_FL_KEEP_SIZE), 'FALLOCATE', 'EOPNOTSUPP');
  expect(guest.lseek(node, handle, 0, SEEK_DATA), 'LSEEK', 'ENXIO');
  const copy = expect(guest.create(root, 'copy', O_RDWR, 0o640, user), 'CREATE');
  expect(
    guest.copyFileRange(
      { node, handle, offset: 0 },
      { node: copy.node, handle: copy.handle, offset: 0 },
      5,
    ),
    'COPY_FILE_RANGE',
  );
  expect(guest.setattr(node, { size: 3, fh: handle }), 'SETATTR of an open file');
  expect(guest.release(copy.node, copy.handle), 'RELEASE');
  useFlags(guest, node, handle);
  expect(guest.release(node, handle), 'RELEASE');
  expect(guest.statfs(), 'STATFS');
  expect(guest.syncfs(), 'SYNCFS');
}

function useFlags(guest: Guest, node: bigint, handle: bigint): void {
  const refusals = ['ENOTTY', 'EOPNOTSUPP', 'EPERM', 'EINVAL'];
  const flags = guest.ioctl(node, handle, 0x8008_6601, Buffer.alloc(0), 8);
  expect(flags, 'FS_IOC_GETFLAGS', ...refusals);
  expect(guest.ioctl(node, handle, 0x8008_7601, Buffer.alloc(0), 8), 'GETVERSION', ...refusals);
  expect(guest.ioctl(node, handle, 0x4008_6602, Buffer.alloc(8), 0), 'SETFLAGS', ...refusals);
  const attributes = guest.ioctl(node, handle, 0x801c_581f, Buffer.alloc(0), 28);
  expect(attributes, 'FSGETXATTR', ...refusals);
  expect(guest.ioctl(node, handle, 0x401c_5820, Buffer.alloc(28), 0), 'FSSETXATTR', ...refusals);
  const directory = expect(guest.opendir(root), 'OPENDIR').handle;
  const onDirectory = [Buffer.alloc(0), 8, FUSE_IOCTL_DIR] as const;
  expect(guest.ioctl(root, directory, 0x8008_6601, ...onDirectory), 'of a directory', ...refusals);
  expect(guest.releasedir(root, directory), 'RELEASEDIR');
}

export function useNames(guest: Guest): void {
  const directory = expect(guest.mkdir(root, 'made', 0o755, { ...user, umask: 0o22 }), 'MKDIR');
  expect(guest.mknod(directory.node, 'fifo', 0o010644), 'MKNOD');
  expect(guest.symlink(directory.node, 'link', 'elsewhere'), 'SYMLINK');
  expect(guest.readlink(guest.lookup(directory.node, 'link').node), 'READLINK');
  const { node } = guest.lookup(root, 'file');
  expect(guest.link(node, directory.node, 'second name'), 'LINK');
  expect(guest.rename(directory.node, 'second name', root, 'third name'), 'RENAME');
  const moved = guest.rename2(root, 'third name', directory.node, 'fourth', RENAME_NOREPLACE);
  expect(moved, 'RENAME2');
  expect(guest.unlink(directory.node, 'fourth'), 'UNLINK');
  const doomed = guest.lookup(root, 'doomed').node;
  expect(guest.unlink(root, 'doomed'), 'UNLINK of what is known');
  guest.forget(doomed, 1);
  expect(guest.rmdir(root, 'directory'), 'RMDIR');
  const labelled = { ...user, extensions: securityContexts(['user.label', 'secret']) };
  expect(guest.mkdir(root, 'labelled', 0o755, labelled), 'MKDIR with a label');
  if ((guest.agreed & Init.DONT_MASK) === 0n) throw new Error('the guest keeps its mask to itself');
  const hidden = expect(guest.tmpfile(root, O_RDWR), 'TMPFILE', 'EOPNOTSUPP');
  if (hidden.status === 'OK') guest.release(hidden.node, hidden.handle);
  expect(guest.access(directory.node, 4), 'ACCESS', 'ENOSYS');
  list(guest, root);
}

function list(guest: Guest, directory: bigint): void {
  const { handle } = expect(guest.opendir(directory), 'OPENDIR');
  for (const plus of [false, true]) {
    const reply = expect(guest.readdir(directory, handle, 0, listingSize, plus), 'READDIR');
    const offset = reply.directoryEntries(plus)[0]?.offset ?? 0n;
    expect(guest.readdir(directory, handle, offset, listingSize, plus), 'READDIR from there');
  }
  expect(guest.fsyncdir(directory, handle), 'FSYNCDIR');
  expect(guest.releasedir(directory, handle), 'RELEASEDIR');
}

export function useAttributes(guest: Guest): void {
  const { node } = guest.lookup(root, 'file');
  expect(guest.getattr(node), 'GETATTR');
  expect(guest.statx(node, 0x7ff), 'STATX', 'ENOSYS');
  expect(guest.setattr(node, { mode: 0o600 }), 'SETATTR of the mode');
  expect(guest.setattr(node, { uid: 1000, gid: 1000 }), 'SETATTR of the owner');
  expect(guest.setattr(node, { mtime: 1_000_000_000 }), 'SETATTR of times');
  expect(guest.setattr(node, { size: 2 }), 'SETATTR of the size');
  expect(guest.setxattr(node, 'user.name', 'value'), 'SETXATTR');
  expect(guest.getxattr(node, 'user.name', 100), 'GETXATTR');
  expect(guest.listxattr(node, 1000), 'LISTXATTR');
  expect(guest.removexattr(node, 'user.name'), 'REMOVEXATTR');
}

/** More files than the daemon may have descriptors, so that some lose theirs, and are needed again. */
export function useManyFiles(guest: Guest): void {
  const crowd = guest.lookup(root, 'crowd').node;
  const nodes = Array.from({ length: crowdSize }, (_, i) => guest.lookup(crowd, String(i)).node);
  for (const node of nodes) expect(guest.getattr(node), 'GETATTR of one of many');
  guest.batchForget(nodes.map((node) => [node, 1]));
}
