// SPDX-License-Identifier: Apache-2.0

// A guest that knows more files than the daemon may have descriptors.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { root, type Guest } from './guest.js';
import { openScene } from './scene.js';

const O_RDONLY = 0;
const directories = 20;
const filesEach = 1000;
const limit = 256;
const listingSize = 128 * 1024;

function furnish(share: string): void {
  for (let d = 0; d < directories; d++) {
    mkdirSync(`${share}/d${d}`);
    for (let f = 0; f < filesEach; f++) writeFileSync(`${share}/d${d}/f${f}`, `${d} ${f}`);
  }
}

/** The files of a directory by READDIRPLUS: node by name. */
function list(guest: Guest, directory: bigint): Map<string, bigint> {
  const { handle } = guest.opendir(directory);
  const nodes = new Map<string, bigint>();
  for (let offset = 0n; ;) {
    const reply = guest.readdir(directory, handle, offset, listingSize, true);
    const entries = reply.directoryEntries(true);
    for (const { name, entry } of entries) {
      if (name !== '.' && name !== '..') nodes.set(name, entry?.node ?? 0n);
    }
    const last = entries.at(-1);
    if (last === undefined) break;
    offset = last.offset;
  }
  guest.releasedir(directory, handle);
  return nodes;
}

t.test('every file can be listed and read, whatever the limit', async (t) => {
  const { guest, daemon } = await openScene(t, {
    furnish,
    options: ['--num-request-queues=1', `--rlimit-nofile=${limit}`, '--inode-file-handles=prefer'],
  });
  const files: { node: bigint; content: string }[] = [];
  const wrong: string[] = [];
  for (let d = 0; d < directories; d++) {
    const nodes = list(guest, guest.lookup(root, `d${d}`).node);
    t.equal(nodes.size, filesEach, `all of d${d} are listed`);
    for (const [name, node] of nodes) {
      if (node === 0n) wrong.push(`d${d}/${name} has no attributes`);
      files.push({ node, content: `${d} ${name.slice(1)}` });
    }
  }
  t.equal(new Set(files.map(({ node }) => node)).size, directories * filesEach);

  for (const { node, content } of files) {
    const { size } = guest.getattr(node).attributes;
    const open = guest.open(node, O_RDONLY);
    const { text } = guest.read(node, open.handle, 0, 100);
    guest.release(node, open.handle);
    if (Number(size) !== content.length || text !== content) wrong.push(content);
  }
  t.same(wrong, []);

  const held: { node: bigint; handle: bigint }[] = [];
  let status = 'OK';
  for (const { node } of files) {
    const open = guest.open(node, O_RDONLY);
    ({ status } = open);
    if (status !== 'OK') break;
    held.push({ node, handle: open.handle });
  }
  t.equal(status, 'EMFILE', 'more files than descriptors cannot be open at once');
  t.ok(held.length > 0 && held.length < limit);
  for (const { node } of files.slice(-300)) {
    if (guest.getattr(node).status !== 'OK') wrong.push(`GETATTR of ${node}`);
  }
  t.equal(guest.lookup(root, 'd3').status, 'OK');
  t.equal(guest.mkdir(root, 'new').status, 'OK');
  t.equal(guest.rename(root, 'new', root, 'newer').status, 'OK');
  t.equal(guest.rmdir(root, 'newer').status, 'OK');
  t.equal(guest.opendir(root).status, 'EMFILE');
  t.same(wrong, []);

  for (const { node, handle } of held) guest.release(node, handle);
  const after = guest.open(files[5]?.node ?? 0n, O_RDONLY);
  t.equal(after.status, 'OK', 'closed files make room');
  t.notMatch(daemon.output, 'EMFILE');
  t.equal(readdirSync(daemon.workplace.share).length, directories);
});

t.test('without file handles, inodes count against the limit', async (t) => {
  const { guest } = await openScene(t, {
    furnish: (share) => {
      for (let f = 0; f < 300; f++) writeFileSync(`${share}/f${f}`, '');
    },
    options: ['--num-request-queues=1', `--rlimit-nofile=${limit}`, '--inode-file-handles=never'],
  });
  const statuses = Array.from({ length: 300 }, (_, f) => guest.lookup(root, `f${f}`).status);
  t.equal(statuses[0], 'OK');
  t.equal(statuses.at(-1), 'EMFILE');
});
