// SPDX-License-Identifier: Apache-2.0

// Errors of the host's file system reach the guest as themselves: a full one, one without quota, one that is broken.

import { constants as fs, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import t, { type Test } from 'tap';
import { Op, root, type Guest } from './guest.js';
import { native, type HeldFileSystem } from './native.js';
import { openScene, stillServes } from './scene.js';

const { O_RDONLY, O_RDWR, O_CREAT } = fs;
const S_IFREG = 0o100000;
const { ENOSPC, EDQUOT, EIO, EROFS, ENOENT, EFBIG } = constants.errno;
const skip = process.getuid?.() === 0 ? false : 'only root can mount';

/** A share with a file system in it that fails as it is told. */
async function openBroken(t: Test): Promise<{ guest: Guest; broken: HeldFileSystem; top: bigint }> {
  const mounted: HeldFileSystem[] = [];
  const { guest } = await openScene(t, {
    options: ['--xattr'],
    furnish: (share) => {
      mkdirSync(`${share}/broken`);
      mounted.push(new native.HeldFileSystem(`${share}/broken`, undefined, 'reads and changes'));
    },
  });
  t.teardown(() => {
    for (const file of mounted) file.close();
  });
  const [broken] = mounted;
  if (broken === undefined) throw new Error('nothing was mounted');
  broken.release();
  return { guest, broken, top: guest.lookup(root, 'broken').node };
}

const errors: readonly [string, number][] = [
  ['ENOSPC', ENOSPC],
  ['EDQUOT', EDQUOT],
  ['EIO', EIO],
  ['EROFS', EROFS],
  ['EFBIG', EFBIG],
];

t.test('of what is asked of an open file', { skip }, async (t) => {
  const { guest, broken, top } = await openBroken(t);
  const { node } = guest.lookup(top, 'file');
  const { handle } = guest.open(node, O_RDWR);
  const requests: readonly [string, number, () => { status: string }][] = [
    ['WRITE', Op.WRITE, () => guest.write(node, handle, 0, 'x')],
    ['READ', Op.READ, () => guest.read(node, handle, 0, 10)],
    ['FSYNC', Op.FSYNC, () => guest.fsync(node, handle)],
    ['FSYNC of data', Op.FSYNC, () => guest.fsync(node, handle, true)],
    ['FLUSH', Op.FLUSH, () => guest.flush(node, handle)],
    ['FALLOCATE', Op.FALLOCATE, () => guest.fallocate(node, handle, 0n, 100n)],
    ['SETATTR of a size', Op.SETATTR, () => guest.setattr(node, { size: 3, fh: handle })],
    ['OPEN', Op.OPEN, () => guest.open(node, O_RDONLY)],
    ['STATFS', Op.STATFS, () => guest.statfs(node)],
  ];
  for (const [what, opcode, send] of requests) {
    for (const [name, errno] of errors) {
      broken.fail(opcode, errno);
      t.equal(send().status, name, `${what}: ${name}`);
    }
    broken.fail(opcode, 0);
  }
  t.equal(guest.write(node, handle, 0, 'x').status, 'OK', 'and then it works again');
  stillServes(t, guest, 'all errors');
});

t.test('of making, changing and removing names', { skip }, async (t) => {
  const { guest, broken, top } = await openBroken(t);
  const { node } = guest.lookup(top, 'file');
  const requests: readonly [string, number, () => { status: string }][] = [
    ['CREATE', Op.CREATE, () => guest.create(top, 'new', O_RDWR | O_CREAT)],
    ['MKDIR', Op.MKDIR, () => guest.mkdir(top, 'new')],
    ['MKNOD', Op.MKNOD, () => guest.mknod(top, 'new', S_IFREG | 0o644)],
    ['SYMLINK', Op.SYMLINK, () => guest.symlink(top, 'new', 'target')],
    ['LINK', Op.LINK, () => guest.link(node, top, 'new')],
  ];
  for (const [what, opcode, send] of requests) {
    for (const [name, errno] of errors) {
      broken.fail(Op.LOOKUP, ENOENT);
      broken.fail(opcode, errno);
      t.equal(send().status, name, `${what}: ${name}`);
    }
    broken.fail(opcode, 0);
  }
  broken.fail(Op.LOOKUP, 0);
  for (const [name, errno] of errors) {
    broken.fail(Op.UNLINK, errno);
    t.equal(guest.unlink(top, 'file').status, name, `UNLINK: ${name}`);
    broken.fail(Op.SETXATTR, errno);
    t.equal(guest.setxattr(node, 'user.a', 'b').status, name, `SETXATTR: ${name}`);
    broken.fail(Op.GETXATTR, errno);
    t.equal(guest.getxattr(node, 'user.a', 10).status, name, `GETXATTR: ${name}`);
  }
  stillServes(t, guest, 'all errors');
});

/** In front of the command: mounts a small ext4 of its own, which nobody else sees, on the share's `small`. */
const mountSmall = `
  for argument; do case $argument in --shared-dir=*) share=\${argument#*=} ;; esac; done
  PATH=$PATH:/usr/sbin:/sbin
  mke2fs -q -t ext4 -O ^has_journal -m 0 -N 32 "$share/../disk" 1024 && mount -o loop "$share/../disk" "$share/small" || exit
  exec "$@"`;

t.test('of a disk that is full', { skip: skip || !existsSync('/dev/loop-control') }, async (t) => {
  const { guest } = await openScene(t, {
    furnish: (share) => {
      mkdirSync(`${share}/small`);
      writeFileSync(`${share}/../disk`, '');
    },
    wrapper: ['unshare', '--mount', '--propagation=private', 'sh', '-c', mountSmall, 'sh'],
  });
  const top = guest.lookup(root, 'small').node;
  const { node, handle } = guest.create(top, 'file', O_RDWR | O_CREAT);
  const block = Buffer.alloc(16384, 'd');
  let written = 0;
  let status = 'OK';
  while (status === 'OK' && written < 8 << 20) {
    const reply = guest.write(node, handle, written, block);
    ({ status } = reply);
    if (status === 'OK') written += reply.count;
  }
  t.equal(status, 'ENOSPC');
  t.ok(written > 100_000, `${written} bytes fit`);
  t.equal(guest.fsync(node, handle).status, 'OK', 'what was written can be kept');
  t.equal(Number(guest.getattr(node).attributes.size), written);
  const last = guest.read(node, handle, written - 100, 100);
  t.equal(last.text, 'd'.repeat(100));
  t.equal(guest.fallocate(node, handle, BigInt(written), 1n << 20n).status, 'ENOSPC');
  let names = 0;
  while (status !== 'OK' || names < 100) {
    ({ status } = guest.mknod(top, `name ${names}`, S_IFREG | 0o644));
    if (status !== 'OK') break;
    names += 1;
  }
  t.equal(status, 'ENOSPC', `no more names after ${names}`);
  t.equal(guest.setattr(node, { size: 0 }).status, 'OK');
  t.equal(guest.write(node, handle, 0, block).count, block.length, 'there is room again');
});
