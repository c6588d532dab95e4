// SPDX-License-Identifier: Apache-2.0

import {
  chmodSync,
  chownSync,
  constants,
  existsSync,
  linkSync,
  lchownSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { securityModels, type SecurityModel } from '../../src/mapped/model.js';
import { converted } from './conversions.js';
import {
  accessList,
  defaultList,
  makeNode,
  needsRoot,
  scratchDirectory,
  setAttribute,
  setTimes,
  snapshot,
} from './real-tree.js';

/** Few objects, and each kind of step. */
function makeSmallTree(path: string): void {
  mkdirSync(path);
  const at = (name: string): string => join(path, name);
  mkdirSync(at('d'));
  writeFileSync(at('d/su'), 'program');
  chownSync(at('d/su'), 1000, 7);
  chmodSync(at('d/su'), 0o6711);
  linkSync(at('d/su'), at('su-too'));
  makeNode(at('d/null'), constants.S_IFCHR | 0o620, 0x103n);
  linkSync(at('d/null'), at('null-too'));
  linkSync(at('d/null'), at('null-three'));
  makeNode(at('fifo'), constants.S_IFIFO | 0o640, 0n);
  symlinkSync('su', at('d/link'));
  lchownSync(at('d/link'), 3, 4);
  linkSync(at('d/link'), at('link-too'));
  setAttribute(at('d/su'), 'user.comment', Buffer.from('x'));
  setAttribute(at('d/su'), 'system.posix_acl_access', accessList);
  chmodSync(at('d/su'), 0o6771);
  setAttribute(at('d'), 'system.posix_acl_default', defaultList);
  chmodSync(at('d'), 0o1777);
  for (const name of ['d/su', 'd/null', 'fifo', 'd/link', 'd', '']) {
    setTimes(at(name), 1_111_111_111_111_111_111n, 1_222_222_222_222_222_222n);
  }
}

/** Without the times of the files of metadata themselves. */
function result(path: string): readonly string[] {
  return snapshot(path).map((line) =>
    line
      .split('|')
      .map((cell, index) => (index === 3 && line.includes('.virtfs_metadata') ? '' : cell))
      .join('|'),
  );
}

class Interruption extends Error {}

/** Ends the work before its step number `allowed`. */
function after(allowed: number): () => void {
  let steps = 0;
  return () => {
    if (steps >= allowed) throw new Interruption('ended');
    steps += 1;
  };
}

/** Whether it came to its end. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Interruption) return false;
    throw error;
  }
}

/** A fresh tree in a model, as an uninterrupted conversion makes it. */
function makeTree(path: string, model: SecurityModel): void {
  rmSync(path, { recursive: true, force: true });
  makeSmallTree(path);
  if (model !== 'passthrough') converted(path, 'passthrough', model);
}

const directions = securityModels.flatMap((from) =>
  securityModels.filter((to) => to !== from).map((to) => [from, to] as const),
);

for (const [from, to] of directions) {
  for (const isCopy of [false, true]) {
    const how = isCopy ? 'to a copy' : 'in place';
    t.test(
      `${from} to ${to} ${how}, ended before each step and started again`,
      needsRoot,
      async (t) => {
        const directory = scratchDirectory(t);
        const tree = join(directory, 'tree');
        const made = isCopy ? join(directory, 'copy') : tree;
        const copyTo = isCopy ? made : null;
        const fresh = (): void => {
          rmSync(made, { recursive: true, force: true });
          if (!isCopy || !existsSync(tree)) makeTree(tree, from);
        };
        fresh();
        converted(tree, from, to, { copyTo });
        const expected = result(made);

        let steps = 0;
        const wrong: number[] = [];
        for (let isDone = false; !isDone && steps < 1000; steps++) {
          fresh();
          isDone = attempt(() => converted(tree, from, to, { copyTo }, after(steps)));
          if (!isDone) converted(tree, from, to, { copyTo });
          if (JSON.stringify(result(made)) !== JSON.stringify(expected)) wrong.push(steps);
          if (existsSync(`${made}.vfsd-convert`)) wrong.push(steps);
        }
        t.ok(steps > 20 && steps < 1000, `${steps} steps`);
        t.same(wrong, [], 'steps after which the result was another one');

        fresh();
        let runs = 1;
        while (!attempt(() => converted(tree, from, to, { copyTo }, after(25))) && runs < 200)
          runs++;
        t.ok(runs > 1 && runs < 200, `ended again and again: ${runs} runs`);
        t.same(result(made), expected);
      },
    );
  }
}
