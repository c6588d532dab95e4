// SPDX-License-Identifier: Apache-2.0

import type { StatsFsBase } from 'node:fs';
import type { ConversionSetup } from './conversion-setup.js';
import type { Survey } from './preflight.js';

/** Inodes and bytes that a conversion takes, at worst. */
export interface Need {
  readonly inodes: bigint;
  readonly bytes: bigint;
}

export function needOf(
  { to, copyTo }: Pick<ConversionSetup, 'to' | 'copyTo'>,
  { objects, directories, replaced, dataBytes, richObjects }: Survey,
  blockSize: bigint,
): Need {
  const [all, folders] = [BigInt(objects), BigInt(directories)];
  // A file for each object and a directory for each directory, a block each.
  const metadata = to === 'mapped-file' ? all + folders : 0n;
  // What does not fit into the inode has a block.
  const attributes = to === 'mapped-xattr' ? BigInt(richObjects) : 0n;
  const copies = copyTo === null ? 1n : all;
  const blocks = metadata + attributes + BigInt(replaced) + (copyTo === null ? 0n : all);
  return {
    inodes: metadata + copies,
    bytes: blocks * blockSize + (copyTo === null ? 0n : dataBytes),
  };
}

/** Null: there is room. File systems that make inodes as they need them say that they have none at all. */
export function roomTrouble(need: Need, free: StatsFsBase<bigint>): string | null {
  const bytes = free.bavail * free.bsize;
  if (free.files > 0n && free.ffree < need.inodes) {
    return `it needs up to ${need.inodes} inodes and ${free.ffree} are free`;
  }
  return bytes < need.bytes ? `it needs up to ${need.bytes} bytes and ${bytes} are free` : null;
}
