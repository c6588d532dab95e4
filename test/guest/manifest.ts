// SPDX-License-Identifier: Apache-2.0
//
// What is in a directory of the host, told as the guest's program tells what it sees there.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';

export interface Ownership {
  /** The id that the guest sees for an id of the host. */
  readonly seenAs: (hostId: number) => number;
}

export const sameIds: Ownership = { seenAs: (hostId) => hostId };

const slash = Buffer.from('/');

/** A line for each thing below the directory: see test/guest/checks/manifest.h. */
export async function hostManifest(directory: string, ids: Ownership = sameIds): Promise<string[]> {
  const lines: string[] = [];
  await addTree(Buffer.from(directory), Buffer.alloc(0), ids, lines);
  return lines.sort();
}

/** The lines that only one side has, at most a screen full of them. */
export function differences(host: readonly string[], guest: readonly string[]): string[] {
  const onHost = new Set(host);
  const inGuest = new Set(guest);
  return [
    ...host.filter((line) => !inGuest.has(line)).map((line) => `host:  ${line}`),
    ...guest.filter((line) => !onHost.has(line)).map((line) => `guest: ${line}`),
  ].slice(0, 24);
}

async function addTree(
  base: Buffer,
  relative: Buffer,
  ids: Ownership,
  lines: string[],
): Promise<void> {
  // Names are bytes: what is no UTF-8 has to come through as it is.
  const here = relative.length === 0 ? base : Buffer.concat([base, slash, relative]);
  for (const name of await readdir(here, { encoding: 'buffer' })) {
    const below = relative.length === 0 ? name : Buffer.concat([relative, slash, name]);
    const stats = await lstat(Buffer.concat([base, slash, below]), { bigint: true });
    lines.push(await describe(Buffer.concat([base, slash, below]), below, stats, ids));
    if (stats.isDirectory()) await addTree(base, below, ids, lines);
  }
}

async function describe(
  file: Buffer,
  relative: Buffer,
  stats: BigIntStats,
  ids: Ownership,
): Promise<string> {
  const hasSize = stats.isFile() || stats.isSymbolicLink();
  return [
    typeLetter(stats),
    (stats.mode & 0o7777n).toString(8),
    ids.seenAs(Number(stats.uid)),
    ids.seenAs(Number(stats.gid)),
    hasSize ? stats.size : 0,
    stats.mtimeNs,
    await contentDigest(file, stats),
    escaped(relative),
  ].join(' ');
}

function typeLetter(stats: BigIntStats): string {
  if (stats.isFile()) return 'f';
  if (stats.isDirectory()) return 'd';
  if (stats.isSymbolicLink()) return 'l';
  if (stats.isFIFO()) return 'p';
  if (stats.isSocket()) return 's';
  return stats.isCharacterDevice() ? 'c' : 'b';
}

async function contentDigest(file: Buffer, stats: BigIntStats): Promise<string> {
  const digest = createHash('sha256');
  if (stats.isSymbolicLink()) {
    return digest.update(await readlink(file, { encoding: 'buffer' })).digest('hex');
  }
  if (!stats.isFile()) return '-';
  for await (const piece of createReadStream(file)) digest.update(piece as Buffer);
  return digest.digest('hex');
}

function escaped(relative: Buffer): string {
  return Array.from(relative, (byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9/._-]/.test(character)) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
