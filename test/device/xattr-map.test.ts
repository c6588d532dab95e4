// SPDX-License-Identifier: Apache-2.0

// --xattrmap: names of extended attributes that differ between guest and host.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { securityContexts } from './extensions.js';
import { Op, root, type Guest } from './guest.js';
import { hostXattrs, setHostXattr } from './host-xattrs.js';
import { openScene } from './scene.js';

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const access = 'system.posix_acl_access';
const capability = 'security.capability';
const mappedCapability = `user.virtiofs.${capability}`;
const mapAll = '--xattrmap=:map::user.virtiofs.:';

async function open(t: Test, ...options: readonly string[]) {
  const scene = await openScene(t, { options });
  const made = (name: string) => {
    writeFileSync(join(scene.share, name), 'content', { mode: 0o644 });
    return scene.guest.lookup(root, name).node;
  };
  return { ...scene, made, host: (name: string) => join(scene.share, name) };
}

/** What LISTXATTR tells a guest that leaves exactly the room it was told to. */
function list(guest: Guest, node: bigint): string[] {
  const { count } = guest.listxattr(node, 0);
  return count === 0 ? [] : guest.listxattr(node, count).text.slice(0, -1).split('\0').sort();
}

t.test('all names can have a prefix on the host', async (t) => {
  const { guest, made, host } = await open(t, mapAll);
  const node = made('file');
  setHostXattr(host('file'), 'user.own', 'of the host');
  for (const name of ['trusted.x', 'security.selinux', 'user.y']) {
    t.equal(guest.setxattr(node, name, name).status, 'OK');
    t.equal(guest.getxattr(node, name, 100).text, name);
  }
  t.strictSame(hostXattrs(host('file')), {
    'user.own': 'of the host',
    'user.virtiofs.trusted.x': 'trusted.x',
    'user.virtiofs.security.selinux': 'security.selinux',
    'user.virtiofs.user.y': 'user.y',
  });
  t.strictSame(list(guest, node), ['security.selinux', 'trusted.x', 'user.y']);
  t.equal(guest.listxattr(node, guest.listxattr(node, 0).count - 1).status, 'ERANGE');
  t.equal(guest.getxattr(node, 'user.own', 100).status, 'ENODATA');
  t.equal(guest.removexattr(node, 'trusted.x').status, 'OK');
  t.equal(guest.removexattr(node, 'trusted.x').status, 'ENODATA');
  t.equal(guest.setxattr(node, 'n'.repeat(241), '').status, 'OK');
  t.equal(guest.setxattr(node, 'n'.repeat(242), '').status, 'ERANGE');
});

t.test('some names can have one, and no others lead there', async (t) => {
  const { guest, made, host } = await open(t, '--xattrmap=:map:trusted.:user.virtiofs.:');
  const node = made('file');
  t.equal(guest.setxattr(node, 'trusted.x', '1').status, 'OK');
  t.equal(guest.setxattr(node, 'user.y', '2').status, 'OK');
  t.equal(guest.setxattr(node, 'user.virtiofs.trusted.x', '3').status, 'EPERM');
  t.equal(guest.getxattr(node, 'user.virtiofs.trusted.x', 10).status, 'ENODATA');
  t.strictSame(hostXattrs(host('file')), { 'user.virtiofs.trusted.x': '1', 'user.y': '2' });
  t.strictSame(list(guest, node), ['trusted.x', 'user.y']);
});

t.test('names can be refused and hidden', async (t) => {
  const rules = '/bad/all/user.bad/user.bad/ /unsupported/all/user.un/user.un/ /ok/all///';
  const { guest, made, host } = await open(t, `--xattrmap=${rules}`);
  const node = made('file');
  for (const [name, status, whenRead] of [
    ['user.bad.x', 'EPERM', 'ENODATA'],
    ['user.un.x', 'EOPNOTSUPP', 'EOPNOTSUPP'],
  ] as const) {
    setHostXattr(host('file'), name, 'of the host');
    t.equal(guest.setxattr(node, name, '').status, status);
    t.equal(guest.getxattr(node, name, 100).status, whenRead);
    t.equal(guest.removexattr(node, name).status, status);
  }
  t.equal(guest.setxattr(node, 'user.good', '').status, 'OK');
  t.strictSame(list(guest, node), ['user.good']);
});

t.test('labels of something new have their names on the host', async (t) => {
  const { guest, host } = await open(t, mapAll, '--security-label=auto');
  const extensions = securityContexts(['security.selinux', 'guest_t']);
  t.equal(guest.mkdir(root, 'new', 0o755, { uid: 0, gid: 0, extensions }).status, 'OK');
  t.strictSame(hostXattrs(host('new')), { 'user.virtiofs.security.selinux': 'guest_t' });
});

t.test('a label that a rule refuses lets nothing be made', async (t) => {
  const rules = '--xattrmap=:bad:all:security.:security.: :ok:all:::';
  const { guest } = await open(t, rules, '--security-label=auto');
  const extensions = securityContexts(['security.selinux', 'guest_t']);
  t.equal(guest.mkdir(root, 'new', 0o755, { uid: 0, gid: 0, extensions }).status, 'EPERM');
  t.equal(guest.lookup(root, 'new').status, 'ENOENT');
});

t.test('a mapped file capability goes with every change (CVE-2021-20263)', async (t) => {
  const { guest, made, host } = await open(t, mapAll);
  const node = made('program');
  const other = made('other');
  const source = { node: other, handle: guest.open(other, O_RDWR).handle, offset: 0 };
  const { handle } = guest.open(node, O_RDWR);
  const target = { node, handle, offset: 0 };
  const isLeftBy = (change: () => { status: string }) => {
    t.equal(guest.setxattr(node, capability, 'all').status, 'OK');
    t.equal(change().status, 'OK');
    return mappedCapability in hostXattrs(host('program'));
  };
  for (const [what, change] of Object.entries({
    WRITE: () => guest.write(node, handle, 0, 'x'),
    'SETATTR of the size': () => guest.setattr(node, { size: 3 }),
    'SETATTR of the size by handle': () => guest.setattr(node, { size: 3, fh: handle }),
    'SETATTR of the owner': () => guest.setattr(node, { uid: 0 }),
    'SETATTR of the group': () => guest.setattr(node, { gid: 0 }),
    FALLOCATE: () => guest.fallocate(node, handle, 0n, 100n),
    COPY_FILE_RANGE: () => guest.copyFileRange(source, target, 3),
    COPY_FILE_RANGE_64: () =>
      guest.copyFileRange(source, target, 3, 0, undefined, Op.COPY_FILE_RANGE_64),
    'OPEN O_TRUNC': () => guest.open(node, O_RDWR | O_TRUNC),
  })) {
    t.notOk(isLeftBy(change), what);
  }
  for (const [what, change] of Object.entries({
    READ: () => guest.read(node, handle, 0, 3),
    OPEN: () => guest.open(node, O_RDWR),
    'SETATTR of the mode': () => guest.setattr(node, { mode: 0o755 }),
    'WRITE to another file': () => guest.write(other, source.handle, 0, 'x'),
  })) {
    t.ok(isLeftBy(change), what);
  }
  t.equal(guest.create(root, 'program', O_CREAT | O_TRUNC | O_RDWR).status, 'ESTALE');
  t.equal(guest.create(root, 'new', O_CREAT | O_TRUNC | O_RDWR).status, 'OK');
});

t.test('what cannot have a capability can change its owner', async (t) => {
  const { guest } = await open(t, mapAll);
  const { node } = guest.symlink(root, 'link', 'nowhere');
  t.equal(guest.setattr(node, { uid: 5, gid: 6 }).attributes.uid, 5);
});

t.test('access lists pass unmapped or not at all', async (t) => {
  const value = Buffer.from('0200000001000600ffffffff04000400ffffffff20000400ffffffff', 'hex');
  const { guest, made } = await open(t, mapAll, '--posix-acl=auto');
  const node = made('file');
  t.equal(guest.setxattr(node, access, value).status, 'EOPNOTSUPP');
  t.equal(guest.getxattr(node, access, 100).status, 'ENODATA');
  t.strictSame(list(guest, node), []);
  const unmapped = await open(t, '--xattrmap=:ok:all:::', '--posix-acl=auto');
  const file = unmapped.made('file');
  t.equal(unmapped.guest.setxattr(file, access, value).status, 'OK');
  const none = await open(t, mapAll);
  t.equal(none.guest.setxattr(none.made('file'), access, value).status, 'EOPNOTSUPP');
});
