// SPDX-License-Identifier: Apache-2.0

// What a request that makes something says beside a name: whose it is, umask, labels, groups.

import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { securityContexts, supplementaryGroup } from './extensions.js';
import { Init, root, type Creator } from './guest.js';
import { hostXattrs } from './host-xattrs.js';
import { openScene } from './scene.js';

const O_RDWR = 2;
const O_EXCL = 0o200;
const S_IFREG = 0o100000;
const isRoot = process.getuid?.() === 0;
const user = { uid: 1234, gid: 5678 };

/** `system.posix_acl_default`, with everything for the owner, a user and the group's mask. */
const defaultList = Buffer.from(
  '02000000' +
    '01000700ffffffff' +
    '02000700d2040000' +
    '04000500ffffffff' +
    '10000700ffffffff' +
    '20000000ffffffff',
  'hex',
);

const { guest, share } = await openScene(t, {
  options: ['--posix-acl=auto', '--security-label=auto'],
});
const host = (name: string) => join(share, name);
const modeOf = (name: string) => lstatSync(host(name)).mode & 0o7777;

t.test('the session agrees on what it serves', async (t) => {
  const byOption = ['DIRECT_IO_ALLOW_MMAP', 'POSIX_LOCKS', 'FLOCK_LOCKS'];
  for (const [name, flag] of Object.entries(Init)) {
    t.equal((guest.agreed & flag) !== 0n, !byOption.includes(name), name);
  }
});

t.test('each way to make something makes it for its user', { skip: !isRoot }, async (t) => {
  const ways: Record<string, (name: string, creator: Creator) => { status: string }> = {
    MKNOD: (name, creator) => guest.mknod(root, name, S_IFREG | 0o644, 0, creator),
    MKDIR: (name, creator) => guest.mkdir(root, name, 0o755, creator),
    SYMLINK: (name, creator) => guest.symlink(root, name, 'nowhere', creator),
    CREATE: (name, creator) => guest.create(root, name, O_RDWR, 0o644, creator),
  };
  for (const [operation, make] of Object.entries(ways)) {
    const name = `by the user with ${operation}`;
    t.equal(make(name, user).status, 'OK');
    const { uid, gid } = lstatSync(host(name));
    t.strictSame({ uid, gid }, user, operation);
    const own = `by root with ${operation}`;
    t.equal(make(own, { uid: 0, gid: 0 }).status, 'OK');
    t.equal(lstatSync(host(own)).uid, 0, `${operation} by the superuser afterwards`);
    for (const nobody of [
      { uid: 0xffffffff, gid: 0 },
      { uid: 0, gid: 0xffffffff },
    ]) {
      t.equal(make(`nobody's ${operation}`, nobody).status, 'EINVAL');
    }
    t.notOk(existsSync(host(`nobody's ${operation}`)));
  }
});

t.test('the umask of the request is applied where the directory has no default list', async (t) => {
  const creator = { uid: 0, gid: 0, umask: 0o027 };
  guest.mkdir(root, 'masked directory', 0o777, creator);
  guest.create(root, 'masked file', O_RDWR, 0o666, creator);
  guest.mknod(root, 'masked fifo', 0o010666, 0, { ...creator, umask: 0o077 });
  guest.create(root, 'unmasked file', O_RDWR, 0o666);
  t.equal(modeOf('masked directory'), 0o750);
  t.equal(modeOf('masked file'), 0o640);
  t.equal(modeOf('masked fifo'), 0o600);
  t.equal(modeOf('unmasked file'), 0o666);
});

t.test('a default list takes the place of the umask', async (t) => {
  const directory = guest.mkdir(root, 'listed', 0o755).node;
  const set = guest.setxattr(directory, 'system.posix_acl_default', defaultList);
  if (set.status === 'EOPNOTSUPP') {
    t.pass('the file system has no lists', { skip: true });
    return;
  }
  t.equal(set.status, 'OK');
  const made = guest.create(directory, 'file', O_RDWR, 0o666, { uid: 0, gid: 0, umask: 0o077 });
  t.equal(modeOf('listed/file'), 0o660);
  t.equal(guest.getxattr(made.node, 'system.posix_acl_access', 100).status, 'OK');
});

t.test(
  'a set-group-ID bit is kept for a member of the directory’s group',
  { skip: !isRoot },
  async (t) => {
    mkdirSync(host('shared'));
    chownSync(host('shared'), 0, 4242);
    chmodSync(host('shared'), 0o2777);
    const directory = guest.lookup(root, 'shared').node;
    const cases: readonly (readonly [string, Creator, number])[] = [
      ['stranger', user, 0o775],
      ['member', { ...user, extensions: supplementaryGroup(4242) }, 0o2775],
      ['member of another', { ...user, extensions: supplementaryGroup(4243) }, 0o775],
      ['stranger again', user, 0o775],
    ];
    for (const [name, creator, mode] of cases) {
      t.equal(guest.create(directory, name, O_RDWR, 0o2775, creator).status, 'OK');
      t.equal(modeOf(`shared/${name}`), mode, name);
      t.equal(lstatSync(host(`shared/${name}`)).gid, 4242);
    }
  },
);

t.test('a label is there with the object, or the object is not', async (t) => {
  const labelled = { uid: 0, gid: 0, extensions: securityContexts(['user.label', 'secret']) };
  t.equal(guest.mkdir(root, 'labelled', 0o755, labelled).status, 'OK');
  t.equal(hostXattrs(host('labelled'))['user.label'], 'secret');
  t.equal(guest.create(root, 'labelled file', O_RDWR, 0o644, labelled).status, 'OK');
  t.equal(hostXattrs(host('labelled file'))['user.label'], 'secret');
  // Only files and directories can have attributes of users.
  t.equal(guest.symlink(root, 'unlabelled', 'x', labelled).status, 'EPERM');
  t.equal(guest.lookup(root, 'unlabelled').status, 'ENOENT');
  const cut = { uid: 0, gid: 0, extensions: labelled.extensions.subarray(0, 20) };
  t.equal(guest.mkdir(root, 'cut', 0o755, cut).status, 'EINVAL');
  t.equal(guest.lookup(root, 'cut').status, 'ENOENT');
});

t.test('TMPFILE makes a file that can get a name', async (t) => {
  const made = guest.tmpfile(root, O_RDWR, 0o640);
  t.equal(made.entry.attributes.nlink, 0);
  t.equal(guest.write(made.node, made.handle, 0, 'content').count, 7);
  t.equal(guest.link(made.node, root, 'named').status, 'OK');
  t.equal(guest.read(made.node, made.handle, 0, 100).text, 'content');
  t.equal(modeOf('named'), 0o640);
  const hidden = guest.tmpfile(root, O_RDWR | O_EXCL);
  t.equal(guest.link(hidden.node, root, 'never named').status, 'ENOENT');
  t.equal(guest.tmpfile(made.node, O_RDWR).status, 'ENOTDIR');
});

t.test('what was not agreed on is not taken from a request', async (t) => {
  const { guest, share } = await openScene(t, {});
  t.equal(guest.agreed & Init.SECURITY_CTX, 0n);
  const labelled = { uid: 0, gid: 0, extensions: securityContexts(['user.label', 'secret']) };
  t.equal(guest.mkdir(root, 'directory', 0o755, labelled).status, 'OK');
  t.strictSame(hostXattrs(join(share, 'directory')), {});
});

t.test('a label is no way to a list that was not agreed on', async (t) => {
  const { guest } = await openScene(t, { options: ['--security-label=auto'] });
  const extensions = securityContexts(['system.posix_acl_access', 'anything']);
  const creator = { uid: 0, gid: 0, extensions };
  t.equal(guest.mkdir(root, 'directory', 0o755, creator).status, 'EOPNOTSUPP');
  t.equal(guest.lookup(root, 'directory').status, 'ENOENT');
});

t.test(
  'a daemon that may be nobody else makes nothing for others',
  { skip: !isRoot },
  async (t) => {
    for (const option of ['--modcaps=-setuid', '--modcaps=-setgid']) {
      const { guest } = await openScene(t, { options: [option] });
      t.equal(guest.create(root, 'by a user', O_RDWR, 0o4755, user).status, 'EPERM', option);
      t.equal(guest.lookup(root, 'by a user').status, 'ENOENT');
      t.equal(guest.create(root, 'by root', O_RDWR).status, 'OK');
    }
  },
);
