// SPDX-License-Identifier: Apache-2.0

/** What the guest sees of an object, as a few bytes: how a conversion knows that all is as before. */

import { createHash, type Hash } from 'node:crypto';
import { readSync, type BigIntStats } from 'node:fs';
import { isDevice, permissionMask, typeMask } from './file-mode.js';
import { aclKinds } from './posix-acl.js';
import type { TreeAccess } from './tree-access.js';
import { inodeKey, otherAttributes, type Layers, type TreeObject } from './tree-object.js';

export const fingerprintSize = 16;
const chunkSize = 256 * 1024;
const zeros = Buffer.alloc(chunkSize);

export interface FingerprintOptions {
  readonly layers: Layers;
  /** Whether what is in files counts: for copies. */
  readonly withData: boolean;
  /** The inode that stands for an object of several names; its own by default. */
  readonly identity?: (object: TreeObject) => string | null;
}

/** To be given each object of a walk once, in order. Times are not part of it: they change while the work goes on. */
export class Fingerprints {
  readonly #access: TreeAccess;
  readonly #options: FingerprintOptions;
  /** The number of the first name of each object that has several. */
  readonly #firstNames = new Map<string, number>();

  constructor(access: TreeAccess, options: FingerprintOptions) {
    this.#access = access;
    this.#options = options;
  }

  of(object: TreeObject, index: number): Buffer {
    const { guest, path } = object;
    const isRegular = guest.type === 'regular file';
    const hash = createHash('sha256');
    field(hash, path.digest);
    field(hash, Buffer.from(`${guest.uid} ${guest.gid} ${seenMode(object)}`));
    field(hash, Buffer.from(isDevice(guest.type) ? String(guest.rdev) : ''));
    field(hash, Buffer.from(isRegular ? String(guest.size) : ''));
    field(hash, guest.target ?? Buffer.alloc(0));
    for (const kind of aclKinds) field(hash, guest.acls[kind] ?? Buffer.alloc(0));
    this.#addAttributes(hash, object);
    field(hash, Buffer.from(String(this.#firstName(object, index))));
    if (isRegular && this.#options.withData) this.#addData(hash, object);
    return hash.digest().subarray(0, fingerprintSize);
  }

  #addAttributes(hash: Hash, object: TreeObject): void {
    const names = [...otherAttributes(object, this.#options.layers)].sort();
    for (const name of names) {
      field(hash, Buffer.from(name, 'latin1'));
      field(hash, this.#access.attribute(object.fd, name) ?? Buffer.alloc(0));
    }
  }

  #firstName(object: TreeObject, index: number): number {
    if (object.hostType === 'directory') return index;
    const identity = this.#options.identity ?? ownIdentity;
    const key = identity(object);
    if (key === null) return index;
    const first = this.#firstNames.get(key);
    if (first === undefined) this.#firstNames.set(key, index);
    return first ?? index;
  }

  /** Holes and zeros are the same. */
  #addData(hash: Hash, object: TreeObject): void {
    const file = this.#access.openData(object.fd);
    try {
      const chunk = Buffer.alloc(chunkSize);
      for (const { start, end } of this.#access.data(file)) {
        for (let at = start - (start % chunkSize); at < end; at += chunkSize) {
          const size = readFully(file, chunk, at);
          const bytes = chunk.subarray(0, size);
          if (bytes.equals(zeros.subarray(0, size))) continue;
          field(hash, Buffer.from(String(at)));
          hash.update(bytes);
        }
      }
    } finally {
      this.#access.close(file);
    }
  }
}

/** Null: an object of one name. */
export function ownIdentity({ host }: { readonly host: BigIntStats }): string | null {
  return host.nlink > 1n ? inodeKey(host) : null;
}

/** A link has no permissions of its own: 0777 in each model, and what a guest has set on one means nothing. */
function seenMode({ guest }: TreeObject): number {
  const mode = guest.mode & (typeMask | permissionMask);
  return guest.type === 'symbolic link' ? mode & typeMask : mode;
}

function readFully(file: number, chunk: Buffer, position: number): number {
  let size = 0;
  for (let count = -1; count !== 0 && size < chunk.length; size += count) {
    count = readSync(file, chunk, size, chunk.length - size, position + size);
  }
  return size;
}

/** With its length before it, so that no two lists of fields are the same bytes. */
function field(hash: Hash, bytes: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  hash.update(length).update(bytes);
}
