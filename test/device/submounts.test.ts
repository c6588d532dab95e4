// SPDX-License-Identifier: Apache-2.0

// File systems that are mounted below the share.

import { mkdirSync, writeFileSync } from 'node:fs';
import { getuid } from 'node:process';
import t, { type Test } from 'tap';
import { Init, root, type Guest } from './guest.js';
import { openScene, type Scene } from './scene.js';

const FUSE_ATTR_SUBMOUNT = 1;
const numberBits = 48n;
const skip = getuid?.() === 0 ? false : 'only root can mount';

/** In front of the command: mounts a file system on two directories of the share that nobody else sees. */
const mounts = `
  for argument; do case $argument in --shared-dir=*) share=\${argument#*=} ;; esac; done
  for name in first second; do
    mount -t tmpfs none "$share/$name" && mkdir "$share/$name/inner" && echo "$name" >"$share/$name/file" || exit
  done
  exec "$@"`;

async function openWithMounts(t: Test, ...options: string[]): Promise<Scene> {
  return openScene(t, {
    furnish: (share) => {
      for (const name of ['first', 'second', 'ordinary']) mkdirSync(`${share}/${name}`);
      writeFileSync(`${share}/file`, '');
    },
    wrapper: ['unshare', '--mount', '--propagation=private', 'sh', '-c', mounts, 'sh'],
    options,
  });
}

/** READDIRPLUS of a directory, by name. */
function listed(guest: Guest, directory: bigint) {
  const { handle } = guest.opendir(directory);
  const entries = guest.readdir(directory, handle, 0, 16384, true).directoryEntries(true);
  guest.releasedir(directory, handle);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

for (const handles of ['never', 'prefer']) {
  t.test(`a guest is told where submounts begin, handles: ${handles}`, { skip }, async (t) => {
    const { guest } = await openWithMounts(t, `--inode-file-handles=${handles}`);
    t.not(guest.agreed & Init.SUBMOUNTS, 0n, 'agreed');
    const first = guest.lookup(root, 'first').entry;
    const flagsOf = (parent: bigint, name: string) =>
      guest.lookup(parent, name).entry.attributes.flags;
    t.equal(first.attributes.flags, FUSE_ATTR_SUBMOUNT);
    t.equal(flagsOf(root, 'ordinary'), 0);
    t.equal(flagsOf(root, 'file'), 0);
    t.equal(flagsOf(first.node, 'inner'), 0, 'a directory within a submount begins none');
    const names = listed(guest, root);
    t.equal(names.get('first')?.entry?.attributes.flags, FUSE_ATTR_SUBMOUNT);
    t.equal(names.get('second')?.entry?.attributes.flags, FUSE_ATTR_SUBMOUNT);
    t.equal(names.get('ordinary')?.entry?.attributes.flags, 0);

    const second = guest.lookup(root, 'second').entry;
    const numberOf = (parent: bigint) => guest.lookup(parent, 'file').entry.attributes.ino;
    t.equal(numberOf(first.node), numberOf(second.node), 'numbers are the host’s own');
    t.not(guest.lookup(first.node, 'file').node, guest.lookup(second.node, 'file').node);
    t.equal(guest.syncfs(first.node).status, 'OK');
    t.equal(guest.statfs(first.node).status, 'OK');
  });
}

t.test('where it is not, numbers of several mounts do not meet', { skip }, async (t) => {
  const { guest } = await openWithMounts(t, '--no-announce-submounts');
  t.equal(guest.agreed & Init.SUBMOUNTS, 0n, 'not agreed');
  const first = guest.lookup(root, 'first').entry;
  const second = guest.lookup(root, 'second').entry;
  t.equal(first.attributes.flags, 0);
  const [one, other] = [first, second].map(({ node }) => guest.lookup(node, 'file').entry);
  if (one === undefined || other === undefined) throw new Error('two were asked for');
  t.not(one.attributes.ino, other.attributes.ino);
  const low = (1n << numberBits) - 1n;
  t.equal(one.attributes.ino & low, other.attributes.ino & low);
  t.equal(guest.lookup(root, 'file').entry.attributes.ino >> numberBits, 0n, 'the share’s stay');

  t.equal(guest.getattr(one.node).attributes.ino, one.attributes.ino);
  t.equal(guest.setattr(one.node, { mode: 0o600 }).attributes.ino, one.attributes.ino);
  const names = listed(guest, first.node);
  t.equal(names.get('file')?.ino, one.attributes.ino, 'a listing shows the same number');
  t.equal(names.get('file')?.entry?.attributes.ino, one.attributes.ino);
  const ino = guest.statx(one.node, 0xfff).payload.readBigUInt64LE(64);
  t.equal(ino, one.attributes.ino);
});

t.test('an old guest gets numbers that do not meet, too', { skip }, async (t) => {
  const { guest } = await openWithMounts(t);
  const withoutSubmounts = Number(0xffffffffn & ~Init.SUBMOUNTS);
  t.equal(guest.init(38, withoutSubmounts).status, 'OK', 'a new session');
  const numberOf = (name: string) =>
    guest.lookup(guest.lookup(root, name).node, 'file').entry.attributes.ino;
  t.not(numberOf('first'), numberOf('second'));
});

t.test('submounts keep their file handles', { skip }, async (t) => {
  const { guest } = await openWithMounts(
    t,
    '--num-request-queues=1',
    '--rlimit-nofile=256',
    '--inode-file-handles=mandatory',
  );
  const { node } = guest.lookup(root, 'first');
  const nodes = Array.from({ length: 400 }, (_, i) => guest.mkdir(node, `d${i}`).node);
  t.same([...new Set(nodes.map((inner) => guest.getattr(inner).status))], ['OK']);
});
