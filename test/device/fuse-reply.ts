// SPDX-License-Identifier: Apache-2.0

/** Replies of a FUSE server, decoded by the layouts of linux/fuse.h. */

import { constants } from 'node:os';

const namesByErrno = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));
// Two names for one number, of which Linux documents the other; and those that Node does not list.
namesByErrno.set(11, 'EAGAIN');
namesByErrno.set(95, 'EOPNOTSUPP');
namesByErrno.set(107, 'ENOTCONN');
namesByErrno.set(121, 'EREMOTEIO');

export interface Attributes {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly mtimeNs: number;
  readonly atime: bigint;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  /** FUSE_ATTR_… */
  readonly flags: number;
}

export interface Entry {
  readonly node: bigint;
  readonly attributes: Attributes;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: bigint;
  readonly offset: bigint;
  readonly type: number;
  /** With READDIRPLUS. */
  readonly entry: Entry | null;
}

function attributesAt(bytes: Buffer, at: number): Attributes {
  return {
    ino: bytes.readBigUInt64LE(at),
    size: bytes.readBigUInt64LE(at + 8),
    atime: bytes.readBigUInt64LE(at + 24),
    mtime: bytes.readBigUInt64LE(at + 32),
    mtimeNs: bytes.readUInt32LE(at + 52),
    mode: bytes.readUInt32LE(at + 60),
    nlink: bytes.readUInt32LE(at + 64),
    uid: bytes.readUInt32LE(at + 68),
    gid: bytes.readUInt32LE(at + 72),
    rdev: bytes.readUInt32LE(at + 76),
    flags: bytes.readUInt32LE(at + 84),
  };
}

function entryAt(bytes: Buffer, at: number): Entry {
  return { node: bytes.readBigUInt64LE(at), attributes: attributesAt(bytes, at + 40) };
}

export class Reply {
  /** 'OK', or the error's name. */
  readonly status: string;
  /** What follows the header. */
  readonly payload: Buffer;

  constructor(error: number, payload: Buffer) {
    this.status = error === 0 ? 'OK' : (namesByErrno.get(-error) ?? `errno ${-error}`);
    this.payload = payload;
  }

  /** Throws unless the request succeeded. */
  get #success(): Buffer {
    if (this.status !== 'OK') throw new Error(`the request failed: ${this.status}`);
    return this.payload;
  }

  /** fuse_entry_out. */
  get entry(): Entry {
    return entryAt(this.#success, 0);
  }

  get node(): bigint {
    return this.entry.node;
  }

  /** fuse_attr_out. */
  get attributes(): Attributes {
    return attributesAt(this.#success, 16);
  }

  /** fuse_open_out, behind the entry for CREATE. */
  get handle(): bigint {
    return this.#success.readBigUInt64LE(this.payload.length === 144 ? 128 : 0);
  }

  /** fuse_init_out: flags and flags2. */
  get initFlags(): bigint {
    const bytes = this.#success;
    return BigInt(bytes.readUInt32LE(12)) | (BigInt(bytes.readUInt32LE(32)) << 32n);
  }

  /** fuse_write_out, fuse_getxattr_out. */
  get count(): number {
    return this.#success.readUInt32LE(0);
  }

  /** fuse_lseek_out. */
  get offset(): bigint {
    return this.#success.readBigUInt64LE(0);
  }

  get text(): string {
    return this.#success.toString('latin1');
  }

  /** The entries of READDIR or READDIRPLUS. */
  directoryEntries(plus: boolean): DirectoryEntry[] {
    const bytes = this.#success;
    const entries: DirectoryEntry[] = [];
    const prefix = plus ? 128 : 0;
    for (let at = 0; at < bytes.length;) {
      const dirent = at + prefix;
      const length = bytes.readUInt32LE(dirent + 16);
      entries.push({
        entry: plus ? entryAt(bytes, at) : null,
        ino: bytes.readBigUInt64LE(dirent),
        offset: bytes.readBigUInt64LE(dirent + 8),
        type: bytes.readUInt32LE(dirent + 20),
        name: bytes.toString('utf8', dirent + 24, dirent + 24 + length),
      });
      at += Math.ceil((prefix + 24 + length) / 8) * 8;
    }
    return entries;
  }
}
