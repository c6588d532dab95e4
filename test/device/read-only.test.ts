// SPDX-License-Identifier: Apache-2.0

// --readonly: every way to change something, by name. Without a sandbox too, where no mount refuses what vfsd lets pass.

import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Op, root, type Guest } from './guest.js';
import { openScene } from './scene.js';

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const S_IFREG = 0o100000;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_IOC_FSSETXATTR = 0x401c5820;

type Changes = Record<string, () => { status: string }>;

/** Everything that would change the file, or the root it lies in. `handle` is open for reading. */
function changesOf(guest: Guest, node: bigint, handle: bigint): Changes {
  const here = { node, handle, offset: 0 };
  const there = { node, handle, offset: 100 };
  return {
    'OPEN O_WRONLY': () => guest.open(node, O_WRONLY),
    'OPEN O_RDWR': () => guest.open(node, O_RDWR),
    'OPEN O_RDONLY|O_TRUNC': () => guest.open(node, O_RDONLY | O_TRUNC),
    'CREATE of something new': () => guest.create(root, 'new', O_CREAT | O_RDONLY),
    'CREATE to write to what exists': () => guest.create(root, 'file', O_CREAT | O_RDWR),
    'CREATE to truncate what exists': () => guest.create(root, 'file', O_CREAT | O_TRUNC),
    TMPFILE: () => guest.tmpfile(root, O_RDWR),
    MKDIR: () => guest.mkdir(root, 'new'),
    MKNOD: () => guest.mknod(root, 'new', S_IFREG | 0o644),
    SYMLINK: () => guest.symlink(root, 'new', 'x'),
    LINK: () => guest.link(node, root, 'new'),
    UNLINK: () => guest.unlink(root, 'file'),
    RMDIR: () => guest.rmdir(root, 'directory'),
    RENAME: () => guest.rename(root, 'file', root, 'new'),
    RENAME2: () => guest.rename2(root, 'file', root, 'new', 0),
    'SETATTR of the mode': () => guest.setattr(node, { mode: 0o777 }),
    'SETATTR of the owner': () => guest.setattr(node, { uid: 5, gid: 5 }),
    'SETATTR of the size': () => guest.setattr(node, { size: 0 }),
    'SETATTR of the times': () => guest.setattr(node, { mtime: 1, atime: 1 }),
    WRITE: () => guest.write(node, handle, 0, 'x'),
    FALLOCATE: () => guest.fallocate(node, handle, 0n, 100n),
    COPY_FILE_RANGE: () => guest.copyFileRange(here, there, 5),
    COPY_FILE_RANGE_64: () =>
      guest.copyFileRange(here, there, 5, 0, undefined, Op.COPY_FILE_RANGE_64),
    'IOCTL FS_IOC_SETFLAGS': () => guest.ioctl(node, handle, FS_IOC_SETFLAGS, Buffer.alloc(4), 0),
    'IOCTL FS_IOC_FSSETXATTR': () =>
      guest.ioctl(node, handle, FS_IOC_FSSETXATTR, Buffer.alloc(28), 0),
    SETXATTR: () => guest.setxattr(node, 'user.a', 'b'),
    REMOVEXATTR: () => guest.removexattr(node, 'user.a'),
    'ACCESS to write': () => guest.access(node, 2),
  };
}

function furnish(share: string): void {
  writeFileSync(join(share, 'file'), 'content', { mode: 0o644 });
  writeFileSync(join(share, 'secret'), '', { mode: 0o600 });
  mkdirSync(join(share, 'directory'));
  symlinkSync('file', join(share, 'link'));
}

async function open(t: Test, sandbox: string) {
  const options = ['--readonly', '--xattr', `--sandbox=${sandbox}`];
  return openScene(t, { options, furnish });
}

for (const sandbox of ['none', 'namespace']) {
  t.test(`every change is refused with --sandbox=${sandbox}`, async (t) => {
    const { guest, share } = await open(t, sandbox);
    const file = join(share, 'file');
    const { node } = guest.lookup(root, 'file');
    const { handle } = guest.open(node, O_RDONLY);
    const before = statSync(file, { bigint: true });
    for (const [what, change] of Object.entries(changesOf(guest, node, handle))) {
      t.equal(change().status, 'EROFS', what);
    }
    t.equal(guest.read(node, handle, 0, 10).text, 'content');
    const after = statSync(file, { bigint: true });
    t.strictSame(after, before);
    t.notOk(existsSync(join(share, 'new')));
  });
}

t.test('CREATE to read what exists makes the guest look again', async (t) => {
  const { guest } = await open(t, 'none');
  for (const name of ['file', 'link', 'secret']) {
    t.equal(guest.create(root, name, O_CREAT | O_RDONLY).status, 'ESTALE', name);
  }
  t.equal(guest.create(root, 'file', O_CREAT | O_EXCL).status, 'EEXIST');
});
