// SPDX-License-Identifier: Apache-2.0

/** Listings, FORGETs and traces of whole programs: what goes through many inodes. */

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { root } from '../test/device/guest.js';
import type { WorkloadResult } from '../test/device/native.js';
import { counts, tracked } from './furniture.js';
import { forgetAll, runKind, type BenchWorkload, type Parameters, type Scene } from './workload.js';

const KiB = 1 << 10;
const hour = 3_600_000;
const unpackedFiles = 1000;

function listing({ guest }: Scene, name: string, size: number, block: number): Parameters {
  const { node } = guest.lookup(root, name);
  return { node, handle: guest.opendir(node).handle, size, block };
}

/** Looks the inodes of the large directory up, of which the daemon knows none, and answers their nodes. */
function lookUpLarge(scene: Scene): readonly bigint[] {
  const parameters = listing(scene, 'large', counts.large, 128 * KiB);
  const { kept } = runKind(scene, 'readdirplus-first', parameters, {
    depth: 1,
    durationMs: hour,
    maxOperations: 1,
  });
  close(scene, parameters);
  return kept;
}

function closeAndForget(scene: Scene, { kept }: WorkloadResult, parameters: Parameters): void {
  close(scene, parameters);
  forgetAll(scene, kept);
}

function close({ guest }: Scene, { node = 0n, handle = 0n }: Parameters): void {
  const { status } = guest.releasedir(node, handle);
  if (status !== 'OK') throw new Error(`RELEASEDIR failed: ${status}`);
}

let unpacked = 0;

function unpack({ guest, share }: Scene): Parameters {
  const name = `tree ${unpacked++}`;
  mkdirSync(`${share}/unpacked/${name}`);
  const parent = guest.lookup(root, 'unpacked').node;
  return { node: guest.lookup(parent, name).node, name };
}

/** What was unpacked is there; then it goes, unmeasured. */
function removeUnpacked(scene: Scene, { kept }: WorkloadResult, { node, name }: Parameters): void {
  const tree = `${scene.share}/unpacked/${name ?? ''}`;
  const [first] = readdirSync(tree);
  const { size, mode } = statSync(`${tree}/${first ?? ''}/file 1`);
  if (size !== 8 * KiB || (mode & 0o777) !== 0o640) throw new Error('a file was unpacked wrongly');
  forgetAll(scene, [...kept, ...(node === undefined ? [] : [node])]);
  rmSync(tree, { recursive: true });
}

export const treeWorkloads: readonly BenchWorkload[] = [
  ...[4, 128].map((kilobytes) => ({
    name: `readdirplus, ${counts.listed} names by ${kilobytes} KiB, per name`,
    kind: 'readdirplus' as const,
    depths: [1],
    selected: kilobytes === 128,
    unit: counts.listed,
    direct: 'readdirplus' as const,
    overNull: true,
    prepare: (scene: Scene) => listing(scene, 'listed', counts.listed, kilobytes * KiB),
  })),
  {
    name: `readdirplus, ${counts.large} names for the first time, per name`,
    kind: 'readdirplus-first',
    depths: [1],
    selected: true,
    wants: ['large'],
    unit: counts.large,
    prepare: (scene) => listing(scene, 'large', counts.large, 128 * KiB),
    batch: {
      operations: 1,
      after: closeAndForget,
    },
  },
  {
    name: 'forget',
    kind: 'forget',
    depths: [1, 16],
    selected: true,
    wants: ['large'],
    highPriority: true,
    prepare: (scene) => ({ nodes: lookUpLarge(scene) }),
    batch: { operations: counts.large, after: () => undefined },
  },
  // Behind those that want none of these inodes known.
  {
    name: `readdirplus, ${counts.large} names, per name`,
    kind: 'readdirplus',
    depths: [1],
    selected: false,
    wants: ['large'],
    unit: counts.large,
    prepare: (scene) => listing(scene, 'large', counts.large, 128 * KiB),
  },
  {
    name: 'untar, per file',
    kind: 'untar',
    depths: [1, 16],
    selected: true,
    prepare: unpack,
    batch: {
      operations: unpackedFiles,
      after: removeUnpacked,
    },
  },
  {
    name: `git status, per directory of ${tracked.files} files`,
    kind: 'git-status',
    depths: [1, 16],
    selected: true,
    wants: ['tracked'],
    prepare: ({ guest }) => ({
      node: guest.lookup(root, 'tracked').node,
      size: tracked.directories,
      block: tracked.files,
    }),
  },
];
