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
import { inodeKey } from './tree-object.js';

export const scratchName = Buffer.from('.vfsd-convert');
const unfinished = Buffer.from('new');
const another = Buffer.from('link');

export function metadataName(inode: string): Buffer {
  return Buffer.from(`metadata-${inode}`);
}

export class Scratch {
  readonly #access: TreeAccess;
  readonly fd: Fd;
  /** The inodes that something kept takes the place of. */
  readonly #kept = new Set<string>();
  /** From what is kept to these. */
  readonly #origins = new Map<string, string>();

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
    for (const name of access.names(this.fd)) {
      if (/^\d+:\d+$/.test(name.toString('latin1'))) this.#remember(name);
    }
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
  keep(replaced: string): void {
    const name = Buffer.from(replaced);
    this.#access.rename(this.fd, unfinished, this.fd, name);
    this.#remember(name);
  }

  /** Whether something is kept in the place of an inode. */
  has(replaced: string): boolean {
    return this.#kept.has(replaced);
  }

  /** The inode that was kept, or that a kept one takes the place of, by the one that stands for both; null: neither. */
  originOf(inode: string): string | null {
    return this.#kept.has(inode) ? inode : (this.#origins.get(inode) ?? null);
  }

  /** Gives what was kept one more place. */
  placeKept(replaced: string, directory: Fd, name: Buffer): void {
    this.#removeIfThere(another);
    this.#access.link(this.fd, Buffer.from(replaced), this.fd, another);
    this.#access.rename(this.fd, another, directory, name);
    // Of two names of one object rename(2) leaves both.
    this.#removeIfThere(another);
  }

  /** The name here of the metadata that the names of an inode share; null: there is none yet. */
  metadataOf(inode: string): { readonly name: Buffer; readonly key: string } | null {
    const name = metadataName(inode);
    const fd = this.#access.findObject(this.fd, name);
    if (fd === null) return null;
    const key = inodeKey(this.#access.status(fd));
    this.#access.close(fd);
    return { name, key };
  }

  close(): void {
    this.#access.close(this.fd);
  }

  /** When nothing below needs it any more. */
  removeFrom(top: Fd): void {
    for (const name of this.#access.names(this.fd)) this.#access.remove(this.fd, name);
    this.#access.removeDirectory(top, scratchName);
  }

  #remember(name: Buffer): void {
    const fd = this.#access.openObject(this.fd, name);
    const replaced = name.toString('latin1');
    this.#kept.add(replaced);
    this.#origins.set(inodeKey(this.#access.status(fd)), replaced);
    this.#access.close(fd);
  }

  #removeIfThere(name: Buffer): void {
    const fd = this.#access.findObject(this.fd, name);
    if (fd === null) return;
    this.#access.close(fd);
    this.#access.remove(this.fd, name);
  }
}
