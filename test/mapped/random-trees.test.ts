// SPDX-License-Identifier: Apache-2.0

/** Round trips of trees that nobody has thought of. The seed of one that fails is in its name. */

import {
  chmodSync,
  lchownSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
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

const trees = 25;
const objectsPerTree = 30;

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to, and without, `end`. mulberry32. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  of<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  /** Any bytes that a name can have, mostly odd ones. */
  name(): Buffer {
    const bytes = Buffer.alloc(1 + this.below(this.below(8) === 0 ? 250 : 6));
    for (let at = 0; at < bytes.length; at++)
      bytes[at] = this.of([1, 10, 32, 46, 47, 92, 120, 255, this.below(256)]);
    return Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 95 : byte)));
  }
}

function makeRandomTree(random: Random, tree: string): void {
  mkdirSync(tree);
  const directories = [Buffer.from(tree)];
  const others: Buffer[] = [];
  const all = new Map<string, Buffer>();
  for (let count = 0; count < objectsPerTree; count++) {
    const path = Buffer.concat([random.of(directories), Buffer.from('/'), random.name()]);
    const last = path.subarray(path.lastIndexOf(0x2f) + 1).toString('latin1');
    if (all.has(path.toString('latin1')) || /^\.{1,2}$/.test(last)) continue;
    makeRandomObject(random, path, directories, others);
    all.set(path.toString('latin1'), path);
  }
  for (const path of [...all.values(), Buffer.from(tree)].reverse()) {
    const nanoseconds = BigInt(random.below(2 ** 31)) * 1_000_000_000n + BigInt(random.below(1e9));
    setTimes(path, nanoseconds, nanoseconds + 1n);
  }
}

function makeRandomObject(
  random: Random,
  path: Buffer,
  directories: Buffer[],
  others: Buffer[],
): void {
  const kind = random.of([
    'directory',
    'file',
    'file',
    'sparse',
    'link',
    'node',
    'hard link',
  ] as const);
  const owner = (): number => random.of([0, 1, 1000, 2 ** 31, 2 ** 32 - 2]);
  if (kind === 'hard link' && others.length > 0) {
    linkSync(random.of(others), path);
    return;
  }
  if (kind === 'directory') {
    mkdirSync(path);
    directories.push(path);
  } else others.push(path);
  if (kind === 'link') symlinkSync(random.name(), path);
  else if (kind === 'node') {
    const type = random.of([0o10000, 0o20000, 0o60000, 0o140000]);
    makeNode(
      path,
      type | 0o600,
      type === 0o20000 || type === 0o60000 ? BigInt(random.below(2 ** 32)) : 0n,
    );
  } else if (kind !== 'directory') writeFileSync(path, random.name());
  if (kind === 'sparse') truncateSync(path, random.below(1_000_000));
  lchownSync(path, owner(), owner());
  if (kind === 'link') return;
  const canHaveOwn = kind !== 'node';
  if (canHaveOwn && random.below(3) === 0) {
    setAttribute(path, 'user.of-the-guest', random.name());
  }
  chmodSync(path, random.below(0o10000));
  if (random.below(4) === 0) setAttribute(path, 'system.posix_acl_access', accessList);
  if (kind === 'directory' && random.below(4) === 0) {
    setAttribute(path, 'system.posix_acl_default', defaultList);
  }
}

for (let seed = 1; seed <= trees; seed++) {
  t.test(
    `the random tree of seed ${seed} comes through conversions as it was`,
    needsRoot,
    async (t) => {
      const directory = scratchDirectory(t);
      const random = new Random(seed);
      let tree = join(directory, 'tree');
      makeRandomTree(random, tree);
      const before = snapshot(tree);
      let model: SecurityModel = 'passthrough';
      const way: string[] = [];
      for (let step = 0; step < 4; step++) {
        const last: SecurityModel = model;
        const choices: readonly SecurityModel[] = step === 3 ? ['passthrough'] : securityModels;
        model = random.of(choices.filter((choice) => choice !== last || step === 3));
        if (model === last) break;
        const copyTo = random.below(3) === 0 ? join(directory, `copy-${step}`) : null;
        converted(tree, last, model, { copyTo });
        tree = copyTo ?? tree;
        way.push(`${copyTo === null ? '' : 'a copy of '}${model}`);
      }
      t.same(snapshot(tree), before, way.join(', '));
    },
  );
}
