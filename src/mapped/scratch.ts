// SPDX-License-Identifier: Apache-2.0

/**
 * A directory at the top of the tree, and of each file system mounted in it, that is there while a conversion is under
 * way. New objects are made here and get to their place by one rename(2), complete.
 *
 * What has several names is kept here under the number of the inode that it takes the place of, until all of its names
 * have been given the new one: so a run that starts again finds what the one before has made. An inode that has still to
 * be replaced has been there from the start, so its number cannot be that of another one that is gone.
 */

import type { Fd } from '../native/types.js';
import { isCode } from './host-failure.js';
import { aclKinds, realAclNames } from './posix-acl.js';
import type { TreeAccess } from './tree-access.js';

export const scratchName = Buffer.from('.vfsd-convert');
const unfinished = Buffer.from('new');
const another = Buffer.from('link');

export class Scratch {
  readonly #access: TreeAccess;
  readonly fd: Fd;

  /** `top`: the directory that it is made in, or found. */
  constructor(access: TreeAccess, top: Fd) {
    this.#access = access;
    try {
      access.makeDirectory(top, scratchName);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    this.fd = access.openDirectory(top, scratchName);
    // Lists that new objects inherit are not for what is made here.
    for (const kind of aclKinds) {
      if (access.attribute(this.fd, realAclNames[kind]) !== null) {
        access.removeAttribute(this.fd, realAclNames[kind]);
      }
    }
    if ((access.status(this.fd).mode & 0o7777n) !== 0o700n) access.setPermissions(this.fd, 0o700);
  }

  /** Makes an object by `make`, which is given its name here; whatever an interrupted run has left goes first. */
  make(make: (directory: Fd, name: Buffer) => void): void {
    this.#removeIfThere(unfinished);
    make(this.fd, unfinished);
  }

  /** Gives what was made its place, in one step. */
  place(directory: Fd, name: Buffer): void {
    this.#access.rename(this.fd, unfinished, directory, name);
  }

  /** Keeps what was made for other names of the same object. */
  keep(key: string): void {
    this.#access.rename(this.fd, unfinished, this.fd, Buffer.from(key));
  }

  has(key: string): boolean {
    const fd = this.#access.findObject(this.fd, Buffer.from(key));
    if (fd !== null) this.#access.close(fd);
    return fd !== null;
  }

  /** The inode of what was kept; null: nothing was. */
  inodeOf(key: string): { readonly dev: bigint; readonly ino: bigint } | null {
    const fd = this.#access.findObject(this.fd, Buffer.from(key));
    if (fd === null) return null;
    const { dev, ino } = this.#access.status(fd);
    this.#access.close(fd);
    return { dev, ino };
  }

  /** Gives what was kept one more place. */
  placeKept(key: string, directory: Fd, name: Buffer): void {
    this.#removeIfThere(another);
    this.#access.link(this.fd, Buffer.from(key), this.fd, another);
    this.#access.rename(this.fd, another, directory, name);
    // Of two names of one object rename(2) leaves both.
    this.#removeIfThere(another);
  }

  close(): void {
    this.#access.close(this.fd);
  }

  /** When nothing below needs it any more. Closes it. */
  removeFrom(top: Fd): void {
    for (const name of this.#access.names(this.fd)) this.#access.remove(this.fd, name);
    this.close();
    this.#access.removeDirectory(top, scratchName);
  }

  #removeIfThere(name: Buffer): void {
    const fd = this.#access.findObject(this.fd, name);
    if (fd === null) return;
    this.#access.close(fd);
    this.#access.remove(this.fd, name);
  }
}
