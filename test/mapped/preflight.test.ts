// SPDX-License-Identifier: Apache-2.0

import { existsSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { VfsdError } from '../../src/errors.js';
import type { ConversionRequest } from '../../src/mapped/conversion.js';
import type { SecurityModel } from '../../src/mapped/model.js';
import { needOf, roomTrouble } from '../../src/mapped/room.js';
import { converted } from './conversions.js';
import {
  accessList,
  makeRichTree,
  needsRoot,
  scratchDirectory,
  setAttribute,
  snapshot,
} from './real-tree.js';

/** A tree of one directory and one file. */
function plainTree(t: Test): string {
  const tree = join(scratchDirectory(t), 'tree');
  mkdirSync(tree);
  mkdirSync(join(tree, 'd'));
  writeFileSync(join(tree, 'd/file'), 'x');
  return tree;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly notes: readonly string[];
}

/** Converts what cannot be converted; nothing may have changed. */
function refused(
  t: Test,
  tree: string,
  from: SecurityModel,
  to: SecurityModel,
  more: Partial<ConversionRequest> = {},
): Refusal {
  const before = snapshot(tree);
  const notes: string[] = [];
  try {
    converted(tree, from, to, more, undefined, notes);
  } catch (error) {
    if (!(error instanceof VfsdError)) throw error;
    t.same(snapshot(tree), before, 'nothing was changed');
    return { code: error.code, message: error.message, notes };
  }
  throw new Error('the conversion was not refused');
}

for (const from of ['passthrough', 'mapped-xattr'] as const) {
  t.test(`names that mapped-file hides cannot come from ${from}`, async (t) => {
    const tree = plainTree(t);
    mkdirSync(join(tree, 'd/.virtfs_metadata'));
    writeFileSync(join(tree, '.virtfs_metadata_root'), '');
    const { code, message, notes } = refused(t, tree, from, 'mapped-file');
    t.equal(code, 'VFSD_MAPPED_UNSUITED');
    t.match(message, '2 things are in the way');
    t.match(notes, [
      /^\.virtfs_metadata_root: a name that mapped-file keeps/,
      /^d\/\.virtfs_metadata: /,
    ]);
    t.notOk(existsSync(`${tree}.vfsd-convert`));
    t.notOk(existsSync(`${tree}.vfsd-convert.new`));
  });
}

t.test('attributes that a guest has made to look like those of QEMU are refused', async (t) => {
  const tree = plainTree(t);
  setAttribute(join(tree, 'd/file'), 'user.virtfs.mode', Buffer.from([0xed, 0x89, 0, 0]));
  t.match(refused(t, tree, 'passthrough', 'mapped-xattr').notes, [
    /^d\/file: an attribute user\.virtfs\.mode that is not QEMU's/,
  ]);
  t.match(refused(t, tree, 'mapped-file', 'mapped-xattr').notes, [/^d\/file: /]);
});

t.test('from passthrough to mapped-file they are kept, as any other', needsRoot, async (t) => {
  const tree = plainTree(t);
  setAttribute(join(tree, 'd/file'), 'user.virtfs.mode', Buffer.from([0xed, 0x89, 0, 0]));
  const before = snapshot(tree);
  converted(tree, 'passthrough', 'mapped-file');
  converted(tree, 'mapped-file', 'passthrough');
  t.same(snapshot(tree), before);
});

t.test('names outside of the tree are in the way in place, and not of a copy', async (t) => {
  const tree = plainTree(t);
  linkSync(join(tree, 'd/file'), join(tree, '../outside'));
  t.match(refused(t, tree, 'passthrough', 'mapped-xattr').notes, [
    /^d\/file: 1 of its 2 names is outside of the tree; /,
  ]);
  converted(tree, 'passthrough', 'mapped-xattr', { copyTo: join(tree, '../copy') });
});

t.test('what check finds is in the way', async (t) => {
  const tree = plainTree(t);
  symlinkSync('/etc', join(tree, 'd/etc'));
  t.match(refused(t, tree, 'mapped-xattr', 'mapped-file').notes, [/^d\/etc: a real symbolic link/]);
  const other = plainTree(t);
  setAttribute(join(other, 'd/file'), 'system.posix_acl_access', accessList);
  t.match(refused(t, other, 'mapped-xattr', 'mapped-file').notes, [/^d\/file: an access control/]);
  const third = plainTree(t);
  mkdirSync(join(third, '.virtfs_metadata'));
  writeFileSync(join(third, '.virtfs_metadata/gone'), 'virtfs.uid=0\n');
  t.match(refused(t, third, 'mapped-file', 'mapped-xattr').notes, [/gone: metadata without/]);
});

t.test('what a real link cannot have does not get to passthrough', needsRoot, async (t) => {
  const tree = plainTree(t);
  const link = join(tree, 'd/link');
  writeFileSync(link, 'target');
  for (const [field, value] of [
    ['uid', 0],
    ['gid', 0],
    ['mode', 0o120777],
  ] as const) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    setAttribute(link, `user.virtfs.${field}`, bytes);
  }
  setAttribute(link, 'user.other', Buffer.from('x'));
  t.match(refused(t, tree, 'mapped-xattr', 'passthrough').notes, [
    /^d\/link: an attribute user\.other/,
  ]);
});

t.test('a copy is not made where something is, nor in the tree', async (t) => {
  const tree = plainTree(t);
  const to = 'mapped-xattr';
  mkdirSync(join(tree, '../there'));
  t.match(refused(t, tree, 'passthrough', to, { copyTo: join(tree, '../there') }), {
    code: 'VFSD_MAPPED_UNSUITED',
    message: 'there is there already',
  });
  t.match(
    refused(t, tree, 'passthrough', to, { copyTo: join(tree, 'd/new') }).message,
    'part of it',
  );
  const state = join(tree, 'd/state');
  t.match(refused(t, tree, 'passthrough', to, { state }).message, 'where its guest can write');
});

class Interruption extends Error {}

function interrupt(tree: string, from: SecurityModel, to: SecurityModel, steps: number): void {
  let left = steps;
  try {
    converted(tree, from, to, {}, () => {
      if (left-- === 0) throw new Interruption();
    });
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  }
}

t.test('a conversion that was begun is finished before another one', async (t) => {
  const tree = plainTree(t);
  interrupt(tree, 'passthrough', 'mapped-xattr', 6);
  const { code, message } = refused(t, tree, 'passthrough', 'mapped-file');
  t.equal(code, 'VFSD_MAPPED_STATE');
  t.match(message, 'is of a conversion from passthrough to mapped-xattr');
  t.equal(
    refused(t, tree, 'passthrough', 'mapped-xattr', { isDryRun: true }).code,
    'VFSD_MAPPED_STATE',
  );
  t.match(converted(tree, 'passthrough', 'mapped-xattr').notes, [/^going on with/]);
});

t.test('a tree that has changed since it began is not converted any further', async (t) => {
  const tree = plainTree(t);
  interrupt(tree, 'passthrough', 'mapped-xattr', 6);
  writeFileSync(join(tree, 'd/file'), 'more than before');
  const { code, message } = refused(t, tree, 'passthrough', 'mapped-xattr');
  t.equal(code, 'VFSD_MAPPED_DIFFERS');
  t.match(message, 'd/file is not what it was');
});

t.test('a file that is no state is not taken for one', async (t) => {
  const tree = plainTree(t);
  for (const content of ['', '{"version":1}', `{"version":2}${' '.repeat(9000)}`]) {
    writeFileSync(`${tree}.vfsd-convert`, content);
    t.equal(refused(t, tree, 'passthrough', 'mapped-xattr').code, 'VFSD_MAPPED_STATE');
  }
});

t.test('a dry run changes nothing, and finds the same', needsRoot, async (t) => {
  const tree = join(scratchDirectory(t), 'tree');
  makeRichTree(tree);
  const before = snapshot(tree);
  const { outcome } = converted(tree, 'passthrough', 'mapped-file', { isDryRun: true });
  t.same(snapshot(tree), before);
  t.equal(outcome.objects, before.length);
  t.equal(outcome.survey?.replaced, 8, 'links, devices, the FIFO and the socket, by their names');
  t.notOk(existsSync(`${tree}.vfsd-convert.new`));
});

t.test('room is needed for metadata, for what is replaced, and for copies', async (t) => {
  const survey = { objects: 10, directories: 2, replaced: 3, dataBytes: 5000n, richObjects: 4 };
  const block = 1000n;
  const need = (to: SecurityModel, copyTo: string | null): object =>
    needOf({ to, copyTo }, survey, block);
  t.same(need('mapped-file', null), { inodes: 13n, bytes: 15_000n });
  t.same(need('mapped-xattr', null), { inodes: 1n, bytes: 7000n });
  t.same(need('passthrough', '/copy'), { inodes: 10n, bytes: 18_000n });
  const free = {
    type: 0n,
    bsize: block,
    blocks: 99n,
    bfree: 9n,
    bavail: 9n,
    files: 50n,
    ffree: 12n,
  };
  t.equal(roomTrouble({ inodes: 12n, bytes: 9000n }, free), null);
  t.match(roomTrouble({ inodes: 13n, bytes: 0n }, free), '13 inodes and 12 are free');
  t.match(roomTrouble({ inodes: 0n, bytes: 9001n }, free), '9001 bytes and 9000 are free');
  t.equal(roomTrouble({ inodes: 99n, bytes: 0n }, { ...free, files: 0n, ffree: 0n }), null);
});
