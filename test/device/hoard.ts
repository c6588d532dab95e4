// SPDX-License-Identifier: Apache-2.0

/** A guest that takes all it can get and gives nothing back. */

import type { Guest } from './guest.js';
import { Op, root } from './guest.js';
import { u32, u64 } from './vhost-user-message.js';

const O_RDWR = 2;
const listingSize = 128 * 1024;
const lockExclusive = 1;
/** Waits for locks take part of the ring; more are asked for than it has. */
const waits = 40;
/** Of the descriptors, for owners of locks and for directories. */
const part = 200;

/** How much was had of each, and the answer that ended it. */
export interface Taken {
  inodes: number;
  files: number;
  filesEnd: string;
  directories: number;
  directoriesEnd: string;
  ranges: number;
  rangesEnd: string;
  owners: number;
  ownersEnd: string;
  waits: number;
  waitsEnd: string;
}

/** The nodes of all that a directory lists: a name without one is left out. */
function findAll(guest: Guest, directory: bigint): bigint[] {
  const { handle } = guest.opendir(directory);
  const nodes: bigint[] = [];
  for (let offset = 0n; ;) {
    const entries = guest
      .readdir(directory, handle, offset, listingSize, true)
      .directoryEntries(true);
    for (const { name, entry } of entries) {
      const isChild = name !== '.' && name !== '..';
      if (isChild && entry !== null && entry.node !== 0n) nodes.push(entry.node);
    }
    const last = entries.at(-1);
    if (last === undefined) break;
    ({ offset } = last);
  }
  guest.releasedir(directory, handle);
  return nodes;
}

function setLock(guest: Guest, node: bigint, handle: bigint, owner: number, at: number): string {
  const body = Buffer.concat([u64(handle, owner, at, at), u32(lockExclusive, owner, 0, 0)]);
  return guest.request(Op.SETLK, node, body, { room: 0 }).status;
}

/** Repeats until something else than 'OK' comes, or so often. */
function untilRefused(limit: number, take: (turn: number) => string): [number, string] {
  for (let turn = 0; turn < limit; turn++) {
    const status = take(turn);
    if (status !== 'OK') return [turn, status];
  }
  return [limit, 'OK'];
}

/** Takes everything, each to its end, in a share whose `directory` is full of files. */
export function hoard(guest: Guest, most: number): Taken {
  const directory = guest.lookup(root, 'directory').node;
  const nodes = Array.from({ length: 100 }, (_, n) => guest.lookup(directory, `f${n}`).node);
  const first = nodes[0] ?? 0n;
  const { handle } = guest.open(first, O_RDWR);
  setLock(guest, first, handle, 1, 0);
  // Waits for what owner 1 has.
  for (let turn = 0; turn < waits; turn++) {
    const body = Buffer.concat([u64(handle, 100 + turn, 0, 0), u32(lockExclusive, 2, 0, 0)]);
    guest.start(Op.SETLKW, first, body, { room: 0 });
  }
  const refused: string[] = [];
  while (guest.queue.ring.wait(100)) refused.push(guest.finish().status);

  // A part of the descriptors each, and the rest.
  const [owners] = untilRefused(part, (turn) =>
    setLock(guest, first, handle, 1000 + turn, 1_000_000 + turn * 2),
  );
  const [directories] = untilRefused(part, () => {
    const open = guest.opendir(directory);
    // The middle of a listing keeps more than its end.
    if (open.status === 'OK') guest.readdir(directory, open.handle, 0, 300);
    return open.status;
  });
  const inodes = findAll(guest, directory).length;
  const [files, filesEnd] = untilRefused(
    most,
    (turn) => guest.open(nodes[turn % nodes.length] ?? 0n, O_RDWR).status,
  );
  const directoriesEnd = guest.opendir(directory).status;
  const ownersEnd = setLock(guest, first, handle, 999, 2_000_000);
  const [ranges, rangesEnd] = untilRefused(most, (turn) =>
    setLock(guest, first, handle, 1, 2 + turn * 2),
  );
  return {
    inodes,
    files,
    filesEnd,
    directories,
    directoriesEnd,
    ranges,
    rangesEnd,
    owners,
    ownersEnd,
    waits: waits - refused.length,
    waitsEnd: refused[0] ?? 'OK',
  };
}
