// SPDX-License-Identifier: Apache-2.0

/** Writes and removes the metadata of mapped-file, each file at once: nobody finds a half of one. */

import type { Fd } from '../native/types.js';
import { isCode } from './host-failure.js';
import { printMetadata } from './metadata-file-format.js';
import type { Metadata } from './metadata.js';
import { metadataDirectory, rootMetadataFile } from './model.js';
import { aclKinds, realAclNames } from './posix-acl.js';
import type { TreeAccess } from './tree-access.js';
import type { Place } from './tree-object.js';

/**
 * Where a file of metadata is written before it gets its name: beside the others, under a name that no entry of a guest
 * has. What an interrupted run leaves here is metadata without object.
 */
const unfinished = rootMetadataFile;
const permissions = 0o600;

export class MetadataStore {
  readonly #access: TreeAccess;

  constructor(access: TreeAccess) {
    this.#access = access;
  }

  write(place: Place, metadata: Metadata): void {
    this.writeText(place, printMetadata(metadata));
  }

  writeText(place: Place, text: Buffer): void {
    this.#within(place.directory, (files) => {
      this.#writeUnfinished(files, text);
      const [directory, name] = this.#placeOf(place, files);
      this.#access.rename(files, unfinished, directory, name);
    });
  }

  /** Gives an object the metadata of another name of the same object. */
  linkFrom(from: Fd, name: Buffer, place: Place): void {
    this.#within(place.directory, (files) => {
      this.#removeIfThere(files, unfinished);
      this.#access.link(from, name, files, unfinished);
      const [directory, newName] = this.#placeOf(place, files);
      this.#access.rename(files, unfinished, directory, newName);
      // Of two names of one file rename(2) leaves both.
      this.#removeIfThere(files, unfinished);
    });
  }

  /** Keeps a name of an object's metadata elsewhere. */
  linkTo(place: Place, to: Fd, newName: Buffer): void {
    this.#within(place.directory, (files) => {
      const [directory, name] = this.#placeOf(place, files);
      this.#access.link(directory, name, to, newName);
    });
  }

  remove({ directory, name }: Place): void {
    if (name === null) this.#removeIfThere(directory, rootMetadataFile);
    else
      this.#within(directory, (files) => {
        this.#removeIfThere(files, name);
      });
  }

  /** The directory of metadata goes when nothing is in it. */
  removeDirectory(directory: Fd): void {
    const files = this.#access.findObject(directory, metadataDirectory);
    if (files === null) return;
    this.#access.close(files);
    this.#within(directory, (opened) => {
      this.#removeIfThere(opened, unfinished);
    });
    this.#access.removeDirectory(directory, metadataDirectory);
  }

  #placeOf({ directory, name }: Place, files: Fd): readonly [Fd, Buffer] {
    return name === null ? [directory, rootMetadataFile] : [files, name];
  }

  #writeUnfinished(files: Fd, text: Buffer): void {
    this.#removeIfThere(files, unfinished);
    const file = this.#access.makeFile(files, unfinished);
    try {
      this.#access.write(file, text, 0);
      this.#access.setPermissions(file, permissions);
    } finally {
      this.#access.close(file);
    }
  }

  /** Makes the directory of metadata where there is none. */
  #within(directory: Fd, work: (files: Fd) => void): void {
    try {
      this.#access.makeDirectory(directory, metadataDirectory);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const files = this.#access.openDirectory(directory, metadataDirectory);
    try {
      this.#makePrivate(files);
      work(files);
    } finally {
      this.#access.close(files);
    }
  }

  /** What the directory around would hand on to new ones, group and lists, is for the guest's objects. */
  #makePrivate(files: Fd): void {
    for (const kind of aclKinds) {
      if (this.#access.attribute(files, realAclNames[kind]) !== null) {
        this.#access.removeAttribute(files, realAclNames[kind]);
      }
    }
    if ((this.#access.status(files).mode & 0o7777n) !== 0o700n) {
      this.#access.setPermissions(files, 0o700);
    }
  }

  #removeIfThere(directory: Fd, name: Buffer): void {
    const found = this.#access.findObject(directory, name);
    if (found === null) return;
    this.#access.close(found);
    this.#access.remove(directory, name);
  }
}
