// SPDX-License-Identifier: Apache-2.0

/** What is measured: each workload with the files it needs and the session state it begins from. */

import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { root, type Guest } from '../test/device/guest.js';
import type { WorkloadKind, WorkloadOptions } from '../test/device/native.js';

type Parameters = Pick<
  WorkloadOptions,
  'node' | 'handle' | 'name' | 'size' | 'block' | 'inode' | 'caller'
>;

export interface BenchWorkload {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly depths: readonly number[];
  /** How many bytes one operation moves, for those that move data. */
  readonly bytes?: number;
  readonly prepare: (guest: Guest) => Parameters;
}

const KiB = 1 << 10;
const MiB = 1 << 20;
const dataSize = 64 * MiB;
const names = 1000;
const listed = 500;
const O_RDWR = 2;

/** A file whose pages hold their own numbers, as the front-end's native part expects them. */
function writeStamped(path: string): void {
  const fd = openSync(path, 'w');
  const chunk = Buffer.alloc(MiB);
  for (let offset = 0; offset < dataSize; offset += MiB) {
    for (let page = 0; page < MiB; page += 4 * KiB) {
      const number = BigInt((offset + page) / (4 * KiB));
      chunk.writeBigUInt64LE(number, page);
      chunk.writeBigUInt64LE(number, page + 4 * KiB - 8);
    }
    writeSync(fd, chunk);
  }
  closeSync(fd);
}

/** Makes the share that all workloads use. */
export function furnish(share: string): void {
  writeFileSync(`${share}/file`, 'content');
  writeStamped(`${share}/data`);
  mkdirSync(`${share}/many`);
  for (let i = 0; i < names; i++) writeFileSync(`${share}/many/f${i}`, '');
  mkdirSync(`${share}/listed`);
  for (let i = 0; i < listed; i++) writeFileSync(`${share}/listed/name number ${i}`, '');
  mkdirSync(`${share}/created`);
  // Every user of the guest makes files there; a daemon may look at that, too.
  chmodSync(`${share}/created`, 0o777);
}

type Prepare = BenchWorkload['prepare'];

function data(block: number): Prepare {
  return (guest) => {
    const { node } = guest.lookup(root, 'data');
    return { node, handle: guest.open(node, O_RDWR).handle, size: dataSize, block };
  };
}

function listing(block: number): Prepare {
  return (guest) => {
    const { node } = guest.lookup(root, 'listed');
    return { node, handle: guest.opendir(node).handle, size: listed, block };
  };
}

function smallFile(guest: Guest): Parameters {
  const { node, attributes } = guest.lookup(root, 'file').entry;
  return { node, inode: attributes.ino, size: Number(attributes.size) };
}

const metadataDepths = [1, 16] as const;

export const workloads: readonly BenchWorkload[] = [
  { name: 'getattr', kind: 'getattr', depths: metadataDepths, prepare: smallFile },
  {
    name: 'lookup, known',
    kind: 'lookup-known',
    depths: metadataDepths,
    prepare: (guest) => ({ name: 'file', node: guest.lookup(root, 'file').node }),
  },
  {
    name: 'lookup, first, and forget',
    kind: 'lookup-first',
    depths: metadataDepths,
    prepare: (guest) => ({ node: guest.lookup(root, 'many').node, size: names }),
  },
  {
    name: 'lookup, missing',
    kind: 'lookup-missing',
    depths: metadataDepths,
    prepare: () => ({}),
  },
  {
    name: 'create, write 4 KiB, release, unlink',
    kind: 'create',
    depths: metadataDepths,
    prepare: (guest) => ({ node: guest.lookup(root, 'created').node }),
  },
  {
    name: 'the same by an ordinary user',
    kind: 'create',
    depths: metadataDepths,
    prepare: (guest) => ({ node: guest.lookup(root, 'created').node, caller: 1000 }),
  },
  {
    name: 'read 4 KiB, random',
    kind: 'read-random',
    depths: [1, 32],
    bytes: 4 * KiB,
    prepare: data(4 * KiB),
  },
  {
    name: 'write 4 KiB, random',
    kind: 'write-random',
    depths: [1, 32],
    bytes: 4 * KiB,
    prepare: data(4 * KiB),
  },
  {
    name: 'read 1 MiB, sequential',
    kind: 'read-sequential',
    depths: [1, 16],
    bytes: MiB,
    prepare: data(MiB),
  },
  {
    name: 'write 1 MiB, sequential',
    kind: 'write-sequential',
    depths: [1, 16],
    bytes: MiB,
    prepare: data(MiB),
  },
  {
    name: `readdirplus, ${listed} names by 4 KiB`,
    kind: 'readdirplus',
    depths: [1],
    prepare: listing(4 * KiB),
  },
  {
    name: `readdirplus, ${listed} names by 128 KiB`,
    kind: 'readdirplus',
    depths: [1],
    prepare: listing(128 * KiB),
  },
];
