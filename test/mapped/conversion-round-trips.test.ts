// SPDX-License-Identifier: Apache-2.0

import { existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { SecurityModel } from '../../src/mapped/model.js';
import { TreeAccess } from '../../src/mapped/tree-access.js';
import { converted } from './conversions.js';
import {
  fileObjects,
  makeRichTree,
  namesBelow,
  needsRoot,
  scratchDirectory,
  snapshot,
} from './real-tree.js';

const rounds: readonly (readonly SecurityModel[])[] = [
  ['passthrough', 'mapped-xattr', 'passthrough'],
  ['passthrough', 'mapped-file', 'passthrough'],
  ['passthrough', 'mapped-xattr', 'mapped-file', 'passthrough'],
  ['passthrough', 'mapped-file', 'mapped-xattr', 'passthrough'],
];

for (const models of rounds) {
  t.test(`in place, ${models.join(' to ')}: all as before`, needsRoot, async (t) => {
    const tree = join(scratchDirectory(t), 'tree');
    makeRichTree(tree);
    const before = snapshot(tree);
    models.slice(1).forEach((to, index) => {
      const { outcome, notes } = converted(tree, models[index] ?? to, to);
      t.equal(outcome.objects, before.length);
      t.same(notes, []);
      if (to !== 'passthrough') t.same(harmful(tree), [], 'the host has nothing of the kind');
    });
    t.same(snapshot(tree), before);
    t.notOk(existsSync(`${tree}.vfsd-convert`), 'nothing is left beside it');
  });

  t.test(`as copies, ${models.join(' to ')}: all as before`, needsRoot, async (t) => {
    const directory = scratchDirectory(t);
    const tree = join(directory, 'tree');
    makeRichTree(tree);
    const before = snapshot(tree);
    let last = tree;
    models.slice(1).forEach((to, index) => {
      const copyTo = join(directory, `copy-${index}`);
      const unchanged = snapshot(last);
      converted(last, models[index] ?? to, to, { copyTo });
      t.same(snapshot(last), unchanged, 'the source is only read');
      last = copyTo;
    });
    t.same(snapshot(last), before);
    const blocks = statSync(join(last, 'sparse')).blocks;
    t.ok(blocks <= statSync(join(tree, 'sparse')).blocks, `holes stay holes: ${blocks} blocks`);
  });
}

t.test('reading a tree to convert it moves no time of access', needsRoot, async (t) => {
  const tree = join(scratchDirectory(t), 'tree');
  makeRichTree(tree);
  // Listing a directory moves its time, after it has changed, and so does reading a link: nothing can be done about that.
  const names = namesBelow(tree).filter((name) => !lstatSync(name).isSymbolicLink());
  const accessTimes = (): readonly string[] =>
    names.map((name) => String(lstatSync(name, { bigint: true }).atimeNs));
  const before = accessTimes();
  converted(tree, 'passthrough', 'mapped-xattr');
  converted(tree, 'mapped-xattr', 'mapped-file');
  converted(tree, 'mapped-file', 'passthrough');
  t.same(accessTimes(), before);
});

t.test('a tree deeper than any path is converted', async (t) => {
  const directory = scratchDirectory(t);
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  const access = new TreeAccess(fileObjects);
  let fd = access.openTree(tree);
  const name = Buffer.from('d'.repeat(200));
  for (let depth = 0; depth < 300; depth++) {
    access.makeDirectory(fd, name);
    const next = access.openDirectory(fd, name);
    access.close(fd);
    fd = next;
  }
  access.makeLink(fd, Buffer.from('link'), Buffer.from('target'));
  access.close(fd);
  const copyTo = join(directory, 'copy');
  t.equal(converted(tree, 'passthrough', 'mapped-xattr').outcome.objects, 302);
  t.equal(converted(tree, 'mapped-xattr', 'mapped-file', { copyTo }).outcome.objects, 302);
  t.equal(converted(copyTo, 'mapped-file', 'mapped-xattr').outcome.objects, 302);
});

/** On the host a mapped tree has no links, no devices and no set-id bits. */
function harmful(tree: string): readonly string[] {
  return namesBelow(tree)
    .filter((name) => {
      const status = lstatSync(name);
      return (!status.isFile() && !status.isDirectory()) || (status.mode & 0o7000) !== 0;
    })
    .map((name) => JSON.stringify(name.toString('latin1')));
}
