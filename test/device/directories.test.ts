// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from './guest.js';
import type { DirectoryEntry } from './fuse-reply.js';
import { openScene } from './scene.js';

const { guest, share } = await openScene(t);
const host = (name: string) => join(share, name);

function furnished(name: string, count: number): bigint {
  mkdirSync(host(name));
  for (let i = 0; i < count; i++) writeFileSync(host(`${name}/file ${i}`), 'x'.repeat(i % 10));
  return guest.lookup(root, name).node;
}

function listAll(node: bigint, handle: bigint, size: number, plus: boolean): DirectoryEntry[] {
  const all: DirectoryEntry[] = [];
  for (;;) {
    const page = guest
      .readdir(node, handle, all.at(-1)?.offset ?? 0, size, plus)
      .directoryEntries(plus);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

for (const plus of [false, true]) {
  const name = plus ? 'READDIRPLUS' : 'READDIR';

  t.test(`${name} lists every name once, whatever the size of its pages`, async (t) => {
    const directory = `for ${name}`;
    const node = furnished(directory, 500);
    for (const size of [400, 4096, 131072]) {
      const { handle } = guest.opendir(node);
      const names = listAll(node, handle, size, plus).map((entry) => entry.name);
      const expected = ['.', '..', ...readdirSync(host(directory))].sort();
      t.strictSame(names.sort(), expected, `${size} bytes`);
      t.equal(guest.releasedir(node, handle).status, 'OK');
    }
  });

  t.test(`${name} goes on where it is told to`, async (t) => {
    const node = furnished(`resumed ${name}`, 20);
    const { handle } = guest.opendir(node);
    const all = listAll(node, handle, 65536, plus);
    const middle = all[10];
    const rest = guest.readdir(node, handle, middle?.offset ?? 0, 65536, plus);
    t.strictSame(
      rest.directoryEntries(plus).map((entry) => entry.name),
      all.slice(11).map((entry) => entry.name),
    );
    t.equal(listAll(node, handle, 65536, plus).length, all.length, 'and from the start again');
  });
}

t.test('READDIR says inode numbers and types', async (t) => {
  const node = furnished('types', 1);
  mkdirSync(host('types/directory'));
  const { handle } = guest.opendir(node);
  for (const { name, ino, type } of listAll(node, handle, 4096, false)) {
    if (name === '..') continue;
    t.equal(ino, BigInt(statSync(host(`types/${name}`)).ino), name);
    t.equal(type, name.startsWith('file') ? 8 : 4, name);
  }
});

t.test('READDIRPLUS looks names up: each entry counts as a LOOKUP', async (t) => {
  const node = furnished('looked up', 5);
  const { handle } = guest.opendir(node);
  const entries = listAll(node, handle, 65536, true);
  for (const { name, entry } of entries) {
    const found = entry?.node ?? 0n;
    if (name === '.' || name === '..') {
      t.equal(found, 0n, `${name} is not looked up`);
      continue;
    }
    const again = guest.lookup(node, name).entry;
    t.equal(again.node, found, name);
    t.equal(again.attributes.size, entry?.attributes.size);
    guest.forget(found, 1);
    t.equal(guest.getattr(found).status, 'OK', 'one lookup is left');
    guest.forget(found, 1);
    t.equal(guest.getattr(found).status, 'ESTALE');
  }
});

t.test('a listing sees names that come and go, and ends', async (t) => {
  const node = furnished('moving', 50);
  const { handle } = guest.opendir(node);
  const first = guest.readdir(node, handle, 0, 400).directoryEntries(false);
  unlinkSync(host('moving/file 49'));
  writeFileSync(host('moving/new'), '');
  const rest: DirectoryEntry[] = [];
  for (let offset = first.at(-1)?.offset ?? 0n; ; offset = rest.at(-1)?.offset ?? 0n) {
    const page = guest.readdir(node, handle, offset, 400).directoryEntries(false);
    if (page.length === 0) break;
    rest.push(...page);
  }
  const names = [...first, ...rest].map((entry) => entry.name);
  t.equal(new Set(names).size, names.length, 'no name twice');
  t.ok(names.length >= 51);
});

t.test('the entry that does not fit comes next time', async (t) => {
  const node = furnished('tight', 3);
  const { handle } = guest.opendir(node);
  t.match(guest.readdir(node, handle, 0, 16).status, /EINVAL|OK/);
  t.equal(listAll(node, handle, 40, false).length, 5, 'one at a time');
});

t.test('OPENDIR, FSYNCDIR and RELEASEDIR mind what they are given', async (t) => {
  const node = furnished('handles', 1);
  const file = guest.lookup(node, 'file 0').node;
  t.equal(guest.opendir(file).status, 'ENOTDIR');
  const { handle } = guest.opendir(node);
  t.equal(guest.fsyncdir(node, handle).status, 'OK');
  t.equal(guest.fsyncdir(node, handle + 1000n).status, 'EBADF');
  t.equal(guest.releasedir(node, handle).status, 'OK');
  t.equal(guest.releasedir(node, handle).status, 'EBADF');
  t.equal(guest.readdir(node, handle, 0, 4096).status, 'EBADF');
});

t.test('an empty and a removed directory list', async (t) => {
  const node = furnished('empty', 0);
  const { handle } = guest.opendir(node);
  t.equal(listAll(node, handle, 4096, true).length, 2);
  guest.rmdir(root, 'empty');
  t.match(guest.readdir(node, handle, 0, 4096).status, /OK|ENOENT/);
});
