// SPDX-License-Identifier: Apache-2.0

// --translate-uid and --translate-gid: who the guest's users are on the host, and the host's in the guest.

import { chownSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { supplementaryGroup } from './extensions.js';
import { Op, root, type Creator } from './guest.js';
import { hostXattrs } from './host-xattrs.js';
import { openScene } from './scene.js';

const O_RDWR = 2;
const S_IFREG = 0o100000;
const access = 'system.posix_acl_access';
const hostBase = 100_000;

// Who may choose the owner of a file.
const skip = process.getuid?.() !== 0 && 'not root';

/** A list with one user and one group in it. */
function listOf(user: number, group: number): Buffer {
  const list = Buffer.from(
    '02000000' +
      '01000600ffffffff' +
      '0200040000000000' +
      '04000400ffffffff' +
      '0800040000000000' +
      '10000400ffffffff' +
      '20000000ffffffff',
    'hex',
  );
  list.writeUInt32LE(user, 16);
  list.writeUInt32LE(group, 32);
  return list;
}

t.test('with a map', { skip }, async (t) => {
  const { guest, share } = await openScene(t, {
    options: [
      ...['--translate-uid=map:0:100000:1000', '--translate-uid=forbid-guest:5000:10'],
      ...['--translate-gid=map:0:200000:1000', '--translate-gid=forbid-guest:5000:10'],
      '--posix-acl=auto',
    ],
    furnish: (path) => {
      writeFileSync(join(path, 'file'), '', { mode: 0o664 });
      chownSync(join(path, 'file'), hostBase + 5, 200_006);
    },
  });
  const host = (name: string) => join(share, name);
  const onHost = (name: string) => {
    const { uid, gid } = lstatSync(host(name));
    return { uid, gid };
  };

  t.test('attributes have the ids of the guest', async (t) => {
    const { node, attributes } = guest.lookup(root, 'file').entry;
    t.match(attributes, { uid: 5, gid: 6 });
    t.match(guest.getattr(node).attributes, { uid: 5, gid: 6 });
    const statx = guest.statx(node, 0x7ff).payload;
    t.strictSame([statx.readUInt32LE(32 + 20), statx.readUInt32LE(32 + 24)], [5, 6]);
    const { handle } = guest.opendir(root);
    const listed = guest.readdir(root, handle, 0, 4096, true).directoryEntries(true);
    t.match(listed.find(({ name }) => name === 'file')?.entry?.attributes, { uid: 5, gid: 6 });
  });

  t.test('each way to make something makes it for the user of the host', async (t) => {
    const caller = { uid: 7, gid: 8 };
    const ways: Record<string, (name: string, creator: Creator) => { status: string }> = {
      MKNOD: (name, creator) => guest.mknod(root, name, S_IFREG | 0o644, 0, creator),
      MKDIR: (name, creator) => guest.mkdir(root, name, 0o755, creator),
      SYMLINK: (name, creator) => guest.symlink(root, name, 'nowhere', creator),
      CREATE: (name, creator) => guest.create(root, name, O_RDWR, 0o644, creator),
    };
    for (const [what, make] of Object.entries(ways)) {
      t.equal(make(what, caller).status, 'OK', what);
      t.strictSame(onHost(what), { uid: hostBase + 7, gid: 200_008 }, what);
      t.match(guest.lookup(root, what).entry.attributes, caller, what);
      t.equal(make(`unlisted ${what}`, { uid: 3000, gid: 3001 }).status, 'OK', what);
      t.strictSame(onHost(`unlisted ${what}`), { uid: 3000, gid: 3001 }, what);
      for (const forbidden of [
        { uid: 5000, gid: 0 },
        { uid: 0, gid: 5009 },
      ]) {
        t.equal(make('forbidden', forbidden).status, 'EPERM', what);
      }
    }
    t.equal(guest.tmpfile(root, O_RDWR, 0o600, caller).entry.attributes.uid, 7);
    const extensions = supplementaryGroup(5005);
    t.equal(guest.mkdir(root, 'forbidden', 0o755, { ...caller, extensions }).status, 'EPERM');
    t.equal(guest.lookup(root, 'forbidden').status, 'ENOENT');
  });

  t.test('owners are translated when they change', async (t) => {
    const { node } = guest.lookup(root, 'file');
    t.match(guest.setattr(node, { uid: 9 }).attributes, { uid: 9, gid: 6 });
    t.match(guest.setattr(node, { gid: 10 }).attributes, { uid: 9, gid: 10 });
    t.strictSame(onHost('file'), { uid: hostBase + 9, gid: 200_010 });
    t.equal(guest.setattr(node, { uid: 5001 }).status, 'EPERM');
    t.equal(guest.setattr(node, { gid: 5001 }).status, 'EPERM');
    t.equal(guest.setattr(node, { mode: 0o664 }).status, 'OK');
    t.strictSame(onHost('file'), { uid: hostBase + 9, gid: 200_010 });
  });

  t.test('forbidden users look and read', async (t) => {
    const { node } = guest.lookup(root, 'file');
    const caller = { uid: 5000, gid: 5000 };
    t.equal(guest.request(Op.LOOKUP, root, Buffer.from('file\0'), { caller }).status, 'OK');
    t.equal(guest.open(node, 0, 0, caller).status, 'OK');
  });

  t.test('what exists is opened by those whom the guest lets', async (t) => {
    t.equal(guest.create(root, 'file', O_RDWR).status, 'ESTALE');
  });

  t.test('access lists are translated in both directions', async (t) => {
    const { node } = guest.lookup(root, 'file');
    t.equal(guest.setxattr(node, access, listOf(3, 4)).status, 'OK');
    const stored = hostXattrs(host('file'))[access] ?? '';
    t.strictSame(Buffer.from(stored, 'latin1'), listOf(hostBase + 3, 200_004));
    t.strictSame(guest.getxattr(node, access, 1000).payload, listOf(3, 4));
    t.equal(guest.setxattr(node, access, listOf(5000, 4)).status, 'EPERM');
    t.equal(guest.setxattr(node, access, listOf(3, 0xffffffff)).status, 'EINVAL');
  });
});

t.test('with everybody squashed', { skip }, async (t) => {
  const { guest, share } = await openScene(t, {
    options: [
      ...['--translate-uid=squash-guest:0:1234:4294967295', '--posix-acl=auto'],
      ...[
        '--translate-gid=squash-guest:0:1235:4294967295',
        '--translate-uid=squash-host:0:77:2000',
      ],
    ],
  });
  for (const uid of [0, 1, 65534]) {
    const name = `by ${uid}`;
    const { attributes } = guest.mkdir(root, name, 0o755, { uid, gid: uid }).entry;
    t.match(attributes, { uid: 77, gid: 1235 });
    t.match(lstatSync(join(share, name)), { uid: 1234, gid: 1235 });
  }
  const { node } = guest.lookup(root, 'by 0');
  t.equal(guest.setxattr(node, access, listOf(3, 4)).status, 'OK');
  t.strictSame(guest.getxattr(node, access, 1000).payload, listOf(77, 1235));
});

t.test('the guest’s name says what a list is, whatever the host calls it', { skip }, async (t) => {
  const { guest, share } = await openScene(t, {
    options: [
      ...['--translate-uid=map:0:100000:1000', '--posix-acl=auto'],
      '--xattrmap=:ok:all:system.:system.::map::user.virtiofs.:',
    ],
  });
  const { node } = guest.mkdir(root, 'directory');
  t.equal(guest.setxattr(node, access, listOf(3, 4)).status, 'OK');
  t.equal(guest.setxattr(node, 'user.list', listOf(3, 4)).status, 'OK');
  const stored = hostXattrs(join(share, 'directory'));
  t.strictSame(Buffer.from(stored[access] ?? '', 'latin1'), listOf(hostBase + 3, 4));
  t.strictSame(Buffer.from(stored['user.virtiofs.user.list'] ?? '', 'latin1'), listOf(3, 4));
});
