// SPDX-License-Identifier: Apache-2.0

import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { checkTree } from '../../src/mapped/check.js';
import { findingLine, type Finding } from '../../src/mapped/finding.js';
import { TreeAccess } from '../../src/mapped/tree-access.js';
import {
  accessList,
  attribute,
  fileObjects,
  makeNode,
  scratchDirectory,
  setAttribute,
} from './real-tree.js';

type Model = 'mapped-xattr' | 'mapped-file';

function check(path: string, model: Model, repairs = false): readonly Finding[] {
  const access = new TreeAccess(fileObjects);
  return [...checkTree(access, access.openTree(path), { model, repairs, crossesMounts: false })];
}

/** `PATH kind` of each finding. */
function kinds(path: string, model: Model, repairs = false): readonly string[] {
  return check(path, model, repairs).map((finding) => `${finding.path.shown} ${finding.kind}`);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

interface Attributes {
  readonly uid?: Buffer;
  readonly gid?: Buffer;
  readonly mode?: Buffer;
  readonly rdev?: Buffer;
}

/** A file with attributes of mapped-xattr: complete, but for what is given. */
function mappedObject(tree: string, name: string, given: Attributes, content = ''): string {
  const path = join(tree, name);
  writeFileSync(path, content);
  const all = { uid: u32(1), gid: u32(2), mode: u32(0o100644), ...given };
  for (const [field, value] of Object.entries(all))
    setAttribute(path, `user.virtfs.${field}`, value);
  return path;
}

const regular = { uid: 1, gid: 2, mode: 0o100644 };

/** A file with metadata of mapped-file. */
function object(
  tree: string,
  name: string,
  metadata: string | object = regular,
  content = '',
): string {
  const path = join(tree, name);
  writeFileSync(path, content);
  writeMetadata(tree, name, metadata);
  return path;
}

function writeMetadata(tree: string, name: string, metadata: string | object): void {
  mkdirSync(join(tree, '.virtfs_metadata'), { recursive: true });
  const text =
    typeof metadata === 'string'
      ? metadata
      : Object.entries(metadata)
          .map(([field, value]) => `virtfs.${field}=${String(value)}\n`)
          .join('');
  writeFileSync(join(tree, '.virtfs_metadata', name), text);
}

t.test('a tree as QEMU makes it has no findings', async (t) => {
  const tree = scratchDirectory(t);
  mappedObject(tree, 'file', {});
  mappedObject(tree, 'link', { mode: u32(0o120777) }, 'target');
  mappedObject(tree, 'node', { mode: u32(0o20666), rdev: Buffer.from('0301000000000000', 'hex') });
  mkdirSync(join(tree, 'of-the-host'));
  t.same(kinds(tree, 'mapped-xattr'), []);
  const other = scratchDirectory(t);
  object(other, 'file');
  object(other, 'link', { ...regular, mode: 0o120777 }, 'target');
  mkdirSync(join(other, 'of-the-host'));
  writeFileSync(
    join(other, '.virtfs_metadata_root'),
    'virtfs.uid=0\nvirtfs.gid=0\nvirtfs.mode=16877\n',
  );
  t.same(kinds(other, 'mapped-file'), []);
});

for (const [what, given, content, kind] of [
  ['a short attribute', { uid: Buffer.from([1]) }, '', 'attribute-size'],
  ['a long attribute', { rdev: Buffer.alloc(9) }, '', 'attribute-size'],
  ['bits that no mode has', { mode: u32(0o4100644) }, '', 'mode-bits'],
  ['a mode without a type', { mode: u32(0o644) }, '', 'mode-type'],
  ['a device without a number', { mode: u32(0o60600) }, '', 'device-number-missing'],
  [
    'a device number that is too long',
    { mode: u32(0o60600), rdev: Buffer.alloc(8, 1) },
    '',
    'device-number',
  ],
  ['a file that is to be a directory', { mode: u32(0o40755) }, '', 'type-differs'],
  ['a link without a target', { mode: u32(0o120777) }, '', 'link-target'],
  ['a link with a NUL in it', { mode: u32(0o120777) }, 'a\0b', 'link-target'],
  ['a link that is too long', { mode: u32(0o120777) }, 'x'.repeat(4096), 'link-target'],
  ['a device with a content', { mode: u32(0o10644) }, 'data', 'content'],
  ['nobody as an owner', { uid: u32(0xffff_ffff) }, '', 'id'],
] as const) {
  t.test(`mapped-xattr: ${what} is found, and nothing is done about it`, async (t) => {
    const tree = scratchDirectory(t);
    const path = mappedObject(tree, 'x', given, content);
    const before = ['uid', 'gid', 'mode', 'rdev'].map((field) =>
      attribute(path, `user.virtfs.${field}`),
    );
    t.match(kinds(tree, 'mapped-xattr', true), [`x ${kind}`]);
    t.equal(kinds(tree, 'mapped-xattr').length, 1);
    t.same(
      ['uid', 'gid', 'mode', 'rdev'].map((field) => attribute(path, `user.virtfs.${field}`)),
      before,
    );
  });
}

t.test('a link of the longest target there is, is none', async (t) => {
  const tree = scratchDirectory(t);
  mappedObject(tree, 'x', { mode: u32(0o120777) }, 'x'.repeat(4095));
  t.same(kinds(tree, 'mapped-xattr'), []);
});

t.test('a half-made object is completed with what the guest sees already', async (t) => {
  const tree = scratchDirectory(t);
  const path = join(tree, 'x');
  writeFileSync(path, '');
  setAttribute(path, 'user.virtfs.uid', u32(5));
  t.same(kinds(tree, 'mapped-xattr', true), ['x half-made']);
  t.same(attribute(path, 'user.virtfs.uid'), u32(5));
  t.same(attribute(path, 'user.virtfs.gid'), u32(lstatSync(path).gid));
  t.same(attribute(path, 'user.virtfs.mode'), u32(lstatSync(path).mode));
  t.same(kinds(tree, 'mapped-xattr'), []);

  const other = scratchDirectory(t);
  object(other, 'y', { mode: 0o20600, rdev: 259 });
  t.same(kinds(other, 'mapped-file', true), ['y half-made']);
  const { uid, gid } = lstatSync(join(other, 'y'));
  t.equal(
    readFileSync(join(other, '.virtfs_metadata/y'), 'utf8'),
    `virtfs.uid=${uid}\nvirtfs.gid=${gid}\nvirtfs.mode=8576\nvirtfs.rdev=259\n`,
  );
  t.same(kinds(other, 'mapped-file'), []);
});

t.test('real links and FIFOs of the host are found, and not opened', async (t) => {
  const tree = scratchDirectory(t);
  symlinkSync('/etc', join(tree, 'etc'));
  makeNode(join(tree, 'fifo'), 0o10600, 0n);
  t.same(kinds(tree, 'mapped-xattr'), ['etc host-special', 'fifo host-special']);
  t.same(kinds(tree, 'mapped-file'), ['etc host-special', 'fifo host-special']);
});

t.test('lists and attributes that the guest does not see are found', async (t) => {
  const tree = scratchDirectory(t);
  setAttribute(mappedObject(tree, 'a', {}), 'system.posix_acl_access', accessList);
  setAttribute(mappedObject(tree, 'b', {}), 'user.virtfs.other', Buffer.from('x'));
  setAttribute(
    mappedObject(tree, 'c', {}),
    'user.virtfs.system.posix_acl_access',
    Buffer.from('none'),
  );
  t.same(kinds(tree, 'mapped-xattr'), ['a acl-of-host', 'b attribute-unknown', 'c acl-malformed']);
});

t.test('orphans are removed, and directories among the metadata are not', async (t) => {
  const tree = scratchDirectory(t);
  object(tree, 'here');
  writeMetadata(tree, 'gone', 'virtfs.uid=0\n');
  symlinkSync('/etc/passwd', join(tree, '.virtfs_metadata/link'));
  mkdirSync(join(tree, '.virtfs_metadata/directory'));
  const names = ['directory', 'gone', 'link'].map((name) => `.virtfs_metadata/${name} orphan`);
  t.same(kinds(tree, 'mapped-file', true), names);
  t.same(kinds(tree, 'mapped-file'), names.slice(0, 1));
  t.match(readFileSync('/etc/passwd', 'utf8'), 'root', 'what a link leads to is not touched');
});

t.test('metadata that is no file, or no directory, is found', async (t) => {
  const tree = scratchDirectory(t);
  object(tree, 'x');
  mkdirSync(join(tree, 'd'));
  writeFileSync(join(tree, 'd/.virtfs_metadata'), '');
  writeFileSync(join(tree, 'd/.virtfs_metadata_root'), '');
  writeFileSync(join(tree, 'y'), '');
  mkdirSync(join(tree, '.virtfs_metadata/y'));
  writeFileSync(join(tree, 'z'), '');
  symlinkSync('/etc/passwd', join(tree, '.virtfs_metadata/z'));
  object(tree, 'zz', 'virtfs.uid=x\nvirtfs.gid=1\nvirtfs.mode=33188\nmore\n');
  t.same(kinds(tree, 'mapped-file'), [
    'd/.virtfs_metadata_root hidden-name',
    'd/.virtfs_metadata metadata-no-directory',
    'y metadata-no-file',
    'z metadata-no-file',
    'zz metadata-malformed',
  ]);
});

function metadataInode(tree: string, name: string): number {
  return lstatSync(join(tree, '.virtfs_metadata', name)).ino;
}

t.test('metadata of hard links becomes one file where nothing is lost', async (t) => {
  const tree = scratchDirectory(t);
  mkdirSync(join(tree, 'd'));
  object(tree, 'a');
  linkSync(join(tree, 'a'), join(tree, 'b'));
  linkSync(join(tree, 'a'), join(tree, 'd/c'));
  writeMetadata(tree, 'b', regular);
  t.same(kinds(tree, 'mapped-file', true), ['b link-metadata', 'd/c link-metadata']);
  t.equal(metadataInode(tree, 'b'), metadataInode(tree, 'a'));
  t.equal(metadataInode(join(tree, 'd'), 'c'), metadataInode(tree, 'a'));
  t.same(kinds(tree, 'mapped-file'), []);
});

t.test('metadata of hard links that says different things is left', async (t) => {
  const tree = scratchDirectory(t);
  object(tree, 'a');
  linkSync(join(tree, 'a'), join(tree, 'b'));
  writeMetadata(tree, 'b', { ...regular, uid: 77 });
  t.same(kinds(tree, 'mapped-file', true), ['b link-metadata']);
  t.match(readFileSync(join(tree, '.virtfs_metadata/b'), 'utf8'), 'virtfs.uid=77');
});

t.test('metadata that two objects share is taken apart', async (t) => {
  const tree = scratchDirectory(t);
  object(tree, 'a');
  writeFileSync(join(tree, 'b'), '');
  linkSync(join(tree, '.virtfs_metadata/a'), join(tree, '.virtfs_metadata/b'));
  t.same(kinds(tree, 'mapped-file', true), ['a metadata-shared']);
  t.not(metadataInode(tree, 'a'), metadataInode(tree, 'b'));
  t.same(kinds(tree, 'mapped-file'), []);
});

t.test('a finding says what is wrong, what it means, and what can be done', async (t) => {
  const tree = scratchDirectory(t);
  object(tree, 'x\ny', { uid: 1, gid: 1 });
  const line = (repairs: boolean): string =>
    check(tree, 'mapped-file', repairs).map(findingLine).join('');
  t.equal(
    line(false),
    "x\\ny: no mode beside what else there is; the guest sees the host's; --repair writes the host's mode",
  );
  t.match(line(true), /; mended: writes the host's mode$/);
  const link = object(tree, 'link', { ...regular, mode: 0o120777 }, 'x');
  truncateSync(link);
  t.match(line(false), /^link: a symbolic link without a target; .*; not for --repair$/);
});

t.test('a tree deeper than any limit is checked', async (t: Test) => {
  const tree = scratchDirectory(t);
  const deepest = new TreeAccess(fileObjects);
  let fd = deepest.openTree(tree);
  const name = Buffer.from('d'.repeat(200));
  for (let depth = 0; depth < 1500; depth++) {
    deepest.makeDirectory(fd, name);
    const next = deepest.openDirectory(fd, name);
    deepest.close(fd);
    fd = next;
  }
  deepest.makeNode(fd, Buffer.from('fifo'), 0o10600, 0n);
  deepest.close(fd);
  const [finding, ...others] = check(tree, 'mapped-xattr');
  t.equal(finding?.kind, 'host-special');
  t.equal(finding?.path.bytes.length, 1500 * 201 + 4);
  t.same(others, []);
});
