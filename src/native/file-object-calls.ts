// SPDX-License-Identifier: Apache-2.0

import type { Fd, SystemFailure } from './types.js';

/** A part of a file that is no hole, from `start` up to `end`. */
export interface DataExtent {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * What Node.js lacks to work on trees of others. Every call is about the object that a descriptor refers to, which may
 * be one of O_PATH: no name is looked up a second time, no link followed, no device opened.
 */
export interface FileObjectCalls {
  /** The names in an open directory, but for `.` and `..`, whose time of access moves as its descriptor was opened. */
  listNames(directory: Fd): readonly Uint8Array[] | SystemFailure;
  /** The names of the extended attributes; none where the file system has none. */
  listAttributes(fd: Fd): readonly Uint8Array[] | SystemFailure;
  /** Null: there is no such attribute. */
  getAttribute(fd: Fd, name: Uint8Array): Uint8Array | null | SystemFailure;
  setAttribute(fd: Fd, name: Uint8Array, value: Uint8Array): SystemFailure | undefined;
  /** Removing what is not there is no failure. */
  removeAttribute(fd: Fd, name: Uint8Array): SystemFailure | undefined;
  /** Nanoseconds since 1970, of the last access and the last modification. */
  setTimes(fd: Fd, accessNs: bigint, modificationNs: bigint): SystemFailure | undefined;
  /** mknodat(2): `mode` with the type. */
  makeNode(
    directory: Fd,
    name: Uint8Array,
    mode: number,
    device: bigint,
  ): SystemFailure | undefined;
  /** The target of the symbolic link that an O_PATH descriptor refers to. */
  readLink(fd: Fd): Uint8Array | SystemFailure;
  /** The next part of a file, open for reading, that is no hole; null: only holes follow. */
  findData(fd: Fd, offset: bigint): DataExtent | null | SystemFailure;
}
