// SPDX-License-Identifier: Apache-2.0

/**
 * How a tree is looked at and changed that a guest has written: always by the descriptor of an object, or by a name in
 * the descriptor of its directory, and never through a link. What an object is, is asked of a descriptor of O_PATH; only
 * what that shows to be a regular file or a directory is opened, so that no FIFO holds anybody up and no device notices.
 *
 * Each change is announced first, so that a test can end the work before any of them.
 */

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import type { FileObjectCalls } from '../native/file-object-calls.js';
import type { Fd } from '../native/types.js';
import { granted, isCode } from './host-failure.js';

const O_PATH = 0o10000000;
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } =
  constants;

export class TreeAccess {
  readonly #calls: FileObjectCalls;
  readonly #beforeChange: (what: string) => void;

  constructor(calls: FileObjectCalls, beforeChange: (what: string) => void = () => undefined) {
    this.#calls = calls;
    this.#beforeChange = beforeChange;
  }

  /** To be called before each change that is made otherwise. */
  announce(what: string): void {
    this.#beforeChange(what);
  }

  /** The directory that a user has named; links on the way to it are the user's own. */
  openTree(path: string | Buffer): Fd {
    return openQuietly(path, O_RDONLY | O_DIRECTORY);
  }

  /** The object that a user has named, which may be of any kind and is not opened. */
  openNamed(path: string | Buffer): Fd {
    return openSync(path, O_PATH | O_NOFOLLOW) as Fd;
  }

  /** Any object, without opening it. */
  openObject(directory: Fd, name: Buffer): Fd {
    return openSync(entry(directory, name), O_PATH | O_NOFOLLOW) as Fd;
  }

  /** Null: there is no such name. */
  findObject(directory: Fd, name: Buffer): Fd | null {
    try {
      return this.openObject(directory, name);
    } catch (error) {
      if (isCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  openDirectory(directory: Fd, name: Buffer): Fd {
    return openQuietly(entry(directory, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }

  /** A directory below another, step by step: no link on the way is followed. */
  openBelow(root: Fd, names: readonly Buffer[]): Fd {
    let fd = this.openDirectory(root, Buffer.from('.'));
    for (const name of names) {
      try {
        const next = this.openDirectory(fd, name);
        closeSync(fd);
        fd = next;
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    }
    return fd;
  }

  /** Opens what a descriptor of O_PATH has shown to be a regular file. */
  openData(object: Fd): Fd {
    return openQuietly(descriptor(object), O_RDONLY | O_NONBLOCK);
  }

  close(fd: Fd): void {
    closeSync(fd);
  }

  status(fd: Fd): BigIntStats {
    return fstatSync(fd, { bigint: true });
  }

  /** The mount that an object was reached through. */
  mountId(fd: Fd): string {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
    return /^mnt_id:\s*(\d+)$/m.exec(text)?.[1] ?? '';
  }

  /** In the order of their bytes. */
  names(directory: Fd): readonly Buffer[] {
    return granted(this.#calls.listNames(directory))
      .map((name) => Buffer.from(name.buffer, name.byteOffset, name.byteLength))
      .sort((a, b) => Buffer.compare(a, b));
  }

  /** The first bytes of a regular file that is known by a descriptor of O_PATH. */
  head(object: Fd, length: number): Buffer {
    // What a file gets while it is read does not count.
    const end = Math.min(length, Number(this.status(object).size));
    const fd = this.openData(object);
    try {
      const bytes = Buffer.alloc(end);
      let size = 0;
      for (let count = -1; count !== 0 && size < end; size += count) {
        count = readSync(fd, bytes, size, end - size, size);
      }
      return bytes.subarray(0, size);
    } finally {
      closeSync(fd);
    }
  }

  linkTarget(object: Fd): Buffer {
    return Buffer.from(granted(this.#calls.readLink(object)));
  }

  /** The parts of a file, open for reading, that are no holes. */
  *data(file: Fd): Generator<{ readonly start: number; readonly end: number }> {
    for (let offset = 0n; ;) {
      const extent = granted(this.#calls.findData(file, offset));
      if (extent === null) return;
      yield { start: Number(extent.start), end: Number(extent.end) };
      offset = extent.end;
    }
  }

  attributeNames(object: Fd): readonly string[] {
    return granted(this.#calls.listAttributes(object)).map((name) =>
      Buffer.from(name).toString('latin1'),
    );
  }

  attribute(object: Fd, name: string): Uint8Array | null {
    return granted(this.#calls.getAttribute(object, Buffer.from(name, 'latin1')));
  }

  setAttribute(object: Fd, name: string, value: Uint8Array): void {
    this.#beforeChange(`set ${name}`);
    granted(this.#calls.setAttribute(object, Buffer.from(name, 'latin1'), value));
  }

  removeAttribute(object: Fd, name: string): void {
    this.#beforeChange(`remove ${name}`);
    granted(this.#calls.removeAttribute(object, Buffer.from(name, 'latin1')));
  }

  setOwner(object: Fd, uid: number, gid: number): void {
    this.#beforeChange('set the owner');
    chownSync(descriptor(object), uid, gid);
  }

  setPermissions(object: Fd, permissions: number): void {
    this.#beforeChange('set the permissions');
    chmodSync(descriptor(object), permissions);
  }

  setTimes(object: Fd, accessNs: bigint, modificationNs: bigint): void {
    this.#beforeChange('set the times');
    granted(this.#calls.setTimes(object, accessNs, modificationNs));
  }

  makeNode(directory: Fd, name: Buffer, mode: number, device: bigint): void {
    this.#beforeChange('make a node');
    granted(this.#calls.makeNode(directory, name, mode, device));
  }

  makeLink(directory: Fd, name: Buffer, target: Buffer): void {
    this.#beforeChange('make a symbolic link');
    symlinkSync(target, entry(directory, name));
  }

  makeDirectory(directory: Fd, name: Buffer): void {
    this.#beforeChange('make a directory');
    mkdirSync(entry(directory, name), 0o700);
  }

  /** A new file, open for writing. */
  makeFile(directory: Fd, name: Buffer): Fd {
    this.#beforeChange('make a file');
    return openSync(entry(directory, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) as Fd;
  }

  write(file: Fd, bytes: Uint8Array, position: number): void {
    this.#beforeChange('write');
    for (let done = 0; done < bytes.length;) {
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  }

  setSize(file: Fd, size: number): void {
    this.#beforeChange('set the size');
    ftruncateSync(file, size);
  }

  link(from: Fd, name: Buffer, to: Fd, newName: Buffer): void {
    this.#beforeChange('make a hard link');
    linkSync(entry(from, name), entry(to, newName));
  }

  rename(from: Fd, name: Buffer, to: Fd, newName: Buffer): void {
    this.#beforeChange('rename');
    renameSync(entry(from, name), entry(to, newName));
  }

  remove(directory: Fd, name: Buffer): void {
    this.#beforeChange('remove');
    unlinkSync(entry(directory, name));
  }

  removeDirectory(directory: Fd, name: Buffer): void {
    this.#beforeChange('remove a directory');
    rmdirSync(entry(directory, name));
  }
}

/** Without moving the time of last access, which only an owner (or root) may ask for. */
function openQuietly(path: string | Buffer, flags: number): Fd {
  try {
    return openSync(path, flags | O_NOATIME) as Fd;
  } catch (error) {
    if (!isCode(error, 'EPERM')) throw error;
    return openSync(path, flags) as Fd;
  }
}

function descriptor(fd: Fd): string {
  return `/proc/self/fd/${fd}`;
}

function entry(directory: Fd, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${descriptor(directory)}/`), name]);
}
