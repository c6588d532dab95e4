// SPDX-License-Identifier: Apache-2.0

/** The share that all workloads use. */

import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';

const KiB = 1 << 10;
const MiB = 1 << 20;

export const dataSize = 64 * MiB;
export const content = 'content';
/** How many names there are in the directories that are listed or looked into. */
export const counts = { many: 1000, listed: 500, large: 10_000 } as const;
export const tracked = { directories: 50, files: 20 } as const;
/** So many operations at most may be under way in a workload that needs a file for each. */
export const ownFiles = 32;

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

function writeFiles(directory: string, count: number, prefix: string, text = ''): void {
  mkdirSync(directory, { recursive: true });
  for (let i = 0; i < count; i++) writeFileSync(`${directory}/${prefix}${i}`, text);
}

/** @param wants which of the large parts are needed */
export function furnish(share: string, wants: ReadonlySet<string>): void {
  writeFileSync(`${share}/file`, content);
  writeFileSync(`${share}/renamed`, '');
  mkdirSync(`${share}/created`);
  // Every user of the guest makes files there; a daemon may look at that, too.
  chmodSync(`${share}/created`, 0o777);
  mkdirSync(`${share}/unpacked`);
  writeFiles(`${share}/many`, counts.many, 'f');
  writeFiles(`${share}/listed`, counts.listed, 'name number ');
  writeFiles(`${share}/own`, ownFiles, 'own');
  if (wants.has('data')) {
    writeStamped(`${share}/data`);
    writeStamped(`${share}/direct data`);
  }
  if (wants.has('large')) writeFiles(`${share}/large`, counts.large, 'name number ');
  if (wants.has('tracked')) {
    for (let d = 0; d < tracked.directories; d++) {
      writeFiles(`${share}/tracked/d${d}`, tracked.files, 'f', content);
    }
  }
}
