// SPDX-License-Identifier: Apache-2.0

// --security-model: what of the guest's owners, modes and types of files reaches the host.

import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  furnishForAll,
  useAttributes,
  useFiles,
  useManyFiles,
  useNames,
} from './every-operation.js';
import { root, type Guest } from './guest.js';
import { hostXattrs, setHostXattr } from './host-xattrs.js';
import { openScene, stillServes } from './scene.js';

const S_IFMT = 0o170000;
const device = 0o020640;
const anyone = 12_345;
const user = { uid: 1000, gid: 100 };
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
const mapped = ['mapped-xattr', 'mapped-file'] as const;

/** A daemon of an ordinary user who owns the share. */
function openAsNobody(t: Test, ...options: readonly string[]) {
  return openScene(t, {
    options,
    wrapper: asNobody,
    furnish: (share) => {
      chownSync(share, 65_534, 65_534);
      chownSync(join(share, '..'), 65_534, 65_534);
    },
  });
}

function owner(path: string) {
  const { uid, gid, mode } = lstatSync(path);
  return { uid, gid, mode };
}

function makeEverything(t: Test, guest: Guest): void {
  t.equal(guest.mkdir(root, 'directory', 0o1777, user).status, 'OK');
  const { node } = guest.lookup(root, 'directory');
  t.equal(guest.mknod(node, 'console', device, 0x501, user).status, 'OK');
  t.equal(guest.symlink(node, 'link', 'to/nowhere', user).status, 'OK');
  const file = guest.create(node, 'program', 2, 0o4755, user);
  t.equal(guest.write(file.node, file.handle, 0, 'text').status, 'OK');
  t.equal(guest.release(file.node, file.handle).status, 'OK');
  t.equal(guest.setattr(file.node, { uid: 0, gid: anyone }).status, 'OK');
  t.equal(guest.setattr(file.node, { mode: 0o106755 }).status, 'OK');
}

for (const model of mapped) {
  t.test(`${model}: an ordinary user's guest has root's files`, async (t) => {
    const { guest, share } = await openAsNobody(t, `--security-model=${model}`);
    makeEverything(t, guest);
    const { node } = guest.lookup(root, 'directory');
    t.match(guest.lookup(node, 'console').entry.attributes, { mode: device, rdev: 0x501, ...user });
    t.match(guest.lookup(node, 'program').entry.attributes, {
      mode: 0o106755,
      uid: 0,
      gid: anyone,
    });
    const link = guest.lookup(node, 'link');
    t.match(link.entry.attributes, { mode: 0o120777, size: 10n });
    t.equal(guest.readlink(link.node).text, 'to/nowhere');
    const own = { uid: 65_534, gid: 65_534 };
    t.same(owner(join(share, 'directory')), { ...own, mode: 0o040700 });
    for (const name of ['console', 'link', 'program']) {
      t.same(owner(join(share, 'directory', name)), { ...own, mode: 0o100600 }, name);
    }
    t.equal(readFileSync(join(share, 'directory/link'), 'utf8'), 'to/nowhere');
  });

  t.test(`${model}: every operation gets by with its system calls`, async (t) => {
    const { guest } = await openScene(t, {
      options: [
        `--security-model=${model}`,
        '--posix-acl=always',
        '--inode-file-handles=prefer',
        '--rlimit-nofile=400',
      ],
      furnish: furnishForAll,
    });
    useFiles(guest);
    useNames(guest);
    useAttributes(guest);
    useManyFiles(guest);
    stillServes(t, guest, 'every operation');
  });

  t.test(`${model}: modes on the host can be chosen`, async (t) => {
    const options = [`--security-model=${model}`, '--fmode=0644', '--dmode=0755'];
    const { guest, share } = await openScene(t, { options });
    makeEverything(t, guest);
    t.equal(owner(join(share, 'directory')).mode, 0o040755);
    t.equal(owner(join(share, 'directory/console')).mode, 0o100644);
  });

  t.test(`${model}: a read-only share shows what is there and keeps it`, async (t) => {
    const { guest } = await openScene(t, {
      options: [`--security-model=${model}`, '--readonly'],
      furnish: (share) => {
        writeFileSync(join(share, 'file'), '');
        mkdirSync(join(share, '.virtfs_metadata'));
        writeFileSync(join(share, '.virtfs_metadata/file'), 'virtfs.uid=7\nvirtfs.mode=35309\n');
        setHostXattr(join(share, 'file'), 'user.virtfs.uid', '\x07\0\0\0');
        setHostXattr(join(share, 'file'), 'user.virtfs.mode', '\xed\x89\0\0');
      },
    });
    const { node, entry } = guest.lookup(root, 'file');
    t.match(entry.attributes, { uid: 7, mode: 0o104755 });
    t.equal(guest.setattr(node, { mode: 0o100700 }).status, 'EROFS');
    t.equal(guest.mkdir(root, 'directory').status, 'EROFS');
  });

  t.test(`${model}: translated ids are kept translated`, async (t) => {
    const options = [`--security-model=${model}`, '--translate-uid=map:1000:5000:1'];
    const { guest, share } = await openScene(t, { options });
    t.equal(guest.mkdir(root, 'directory', 0o755, user).status, 'OK');
    t.match(guest.lookup(root, 'directory').entry.attributes, user);
    const kept =
      model === 'mapped-xattr'
        ? hostXattrs(join(share, 'directory'))['user.virtfs.uid']
        : readFileSync(join(share, '.virtfs_metadata/directory'), 'utf8').split('\n')[0];
    t.equal(kept, model === 'mapped-xattr' ? '\x88\x13\0\0' : 'virtfs.uid=5000');
  });
}

t.test('mapped-file hides its own names, also from a listing of many', async (t) => {
  const { guest, share } = await openScene(t, { options: ['--security-model=mapped-file'] });
  for (let i = 0; i < 50; i++) {
    t.equal(guest.mknod(root, `file ${i}`, 0o100644, 0, user).status, 'OK');
  }
  t.equal(guest.setattr(root, { mode: 0o040711 }).status, 'OK');
  t.ok(existsSync(join(share, '.virtfs_metadata_root')));
  const { handle } = guest.opendir(root);
  for (const plus of [false, true]) {
    const names: string[] = [];
    for (let offset = 0n; ;) {
      const entries = guest.readdir(root, handle, offset, 700, plus).directoryEntries(plus);
      const last = entries.at(-1);
      if (last === undefined) break;
      names.push(...entries.map(({ name }) => name));
      offset = last.offset;
    }
    t.equal(names.length, 52, 'with . and ..');
    t.notOk(names.some((name) => name.startsWith('.virtfs')));
  }
});

t.test('none says that owners have changed, and makes what it can', async (t) => {
  const { guest, share } = await openAsNobody(t, '--security-model=none');
  const { node, status } = guest.mkdir(root, 'directory', 0o755, user);
  t.equal(status, 'OK');
  t.equal(guest.setattr(node, { uid: 0, gid: anyone }).status, 'OK');
  t.equal(guest.setattr(node, { mode: 0o040711 }).status, 'OK');
  t.same(owner(join(share, 'directory')), { uid: 65_534, gid: 65_534, mode: 0o040711 });
  t.equal(guest.mknod(root, 'console', device, 0x501, user).status, 'EPERM');
});

t.test('passthrough refuses both', async (t) => {
  const { guest } = await openAsNobody(t);
  t.not(guest.mkdir(root, 'directory', 0o755, user).status, 'OK');
  t.not(guest.setattr(root, { uid: 5, gid: anyone }).status, 'OK');
});

t.test('objects of the host are seen as they are, and keep their contents', async (t) => {
  const { guest, share } = await openScene(t, {
    options: ['--security-model=mapped'],
    furnish: (path) => {
      writeFileSync(join(path, 'file'), 'content', { mode: 0o640 });
    },
  });
  const { node, entry } = guest.lookup(root, 'file');
  t.equal(entry.attributes.mode & S_IFMT, 0o100000);
  t.equal(guest.setattr(node, { uid: 7, gid: 8 }).status, 'OK');
  t.equal(owner(join(share, 'file')).mode, 0o100640);
  t.equal(readFileSync(join(share, 'file'), 'utf8'), 'content');
  t.match(guest.lookup(root, 'file').entry.attributes, { uid: 7, gid: 8 });
});
