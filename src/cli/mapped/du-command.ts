// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped du`: what takes up the space, by directory or by the owner that the guest sees. */

import { inodeKey } from '../../mapped/tree-object.js';
import { shownName } from '../../mapped/shown-name.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import type { TreeObject } from '../../mapped/tree-object.js';
import { bytes } from '../quantities.js';
import { givenModel, modelOption, onePath, readArguments } from './arguments.js';
import type { Output } from './output.js';
import { Sight } from './sight.js';

const blockSize = 512n;

export function runDu(access: TreeAccess, output: Output, args: readonly string[]): number {
  const { paths, flags, values } = readArguments(args, {
    command: 'du',
    flags: ['-s', '-h', '--by-owner', '--cross-mounts'],
    values: [modelOption],
  });
  const path = onePath(paths, 'du');
  const sight = new Sight(access, {
    model: givenModel(values),
    crossesMounts: flags.has('--cross-mounts'),
  });
  // In KiB as du(1) has it, where nothing else is said.
  const amount = (size: bigint): string =>
    flags.has('-h') ? bytes(Number(size)) : String((size + 1023n) / 1024n);
  const report = flags.has('--by-owner') ? byOwner : byDirectory;
  report(sight.visits(path), output, { tree: path, isSummary: flags.has('-s'), amount });
  return sight.isIncomplete ? 1 : 0;
}

interface Report {
  readonly tree: string;
  readonly isSummary: boolean;
  readonly amount: (size: bigint) => string;
}

type Visits = ReturnType<Sight['visits']>;

/** Counts what has several names once. */
class Counted {
  readonly #seen = new Set<string>();

  sizeOf({ host, hostType }: TreeObject): bigint {
    if (hostType !== 'directory' && host.nlink > 1n) {
      const key = inodeKey(host);
      if (this.#seen.has(key)) return 0n;
      this.#seen.add(key);
    }
    return host.blocks * blockSize;
  }
}

function byDirectory(visits: Visits, output: Output, { tree, isSummary, amount }: Report): void {
  const counted = new Counted();
  const sums: bigint[] = [];
  for (const { phase, object } of visits) {
    if (output.isClosed) return;
    if (phase === 'enter') sums.push(counted.sizeOf(object));
    else if (phase === 'object') sums.push((sums.pop() ?? 0n) + counted.sizeOf(object));
    else {
      const sum = sums.pop() ?? 0n;
      const isTree = sums.length === 0;
      if (!isTree) sums.push((sums.pop() ?? 0n) + sum);
      if (isTree || !isSummary) {
        const path = isTree ? shownName(Buffer.from(tree)) : `${tree}/${object.path.shown}`;
        output.line(`${amount(sum)}\t${path}`);
      }
    }
  }
}

function byOwner(visits: Visits, output: Output, { amount }: Report): void {
  const counted = new Counted();
  const owners = new Map<number, { size: bigint; objects: number }>();
  for (const { phase, object } of visits) {
    if (phase === 'leave') continue;
    const owner = owners.get(object.guest.uid) ?? { size: 0n, objects: 0 };
    owner.size += counted.sizeOf(object);
    owner.objects += 1;
    owners.set(object.guest.uid, owner);
  }
  for (const [uid, { size, objects }] of [...owners].sort(([, a], [, b]) =>
    a.size === b.size ? 0 : a.size < b.size ? 1 : -1,
  )) {
    output.line(`${amount(size)}\tuid ${uid}\t${objects} ${objects === 1 ? 'object' : 'objects'}`);
  }
}
