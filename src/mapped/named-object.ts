// SPDX-License-Identifier: Apache-2.0

/** What a user names on the command line: a tree, or something in one; and which security model it has. */

import { basename, dirname, resolve } from 'node:path';
import { VfsdError } from '../errors.js';
import type { Fd } from '../native/types.js';
import { attributePrefix } from './attribute-format.js';
import { fileTypeOf, type FileType } from './file-mode.js';
import { about, isCode } from './host-failure.js';
import { metadataDirectory, rootMetadataFile, type SecurityModel } from './model.js';
import type { TreeAccess } from './tree-access.js';

/** How many entries of a directory without attributes of its own are asked for some. */
const askedEntries = 1000;

export class NamedObject {
  readonly #access: TreeAccess;
  readonly path: string;
  /** Of O_PATH. */
  readonly fd: Fd;
  readonly type: FileType | null;
  readonly model: SecurityModel;
  /** The directory that the object is in and its name there; null: it is a shared directory itself. */
  readonly parent: { readonly directory: Fd; readonly name: Buffer } | null;

  /** `given`: the model, when the user has said it. Throws VfsdError. */
  constructor(access: TreeAccess, path: string, given: SecurityModel | null) {
    this.#access = access;
    this.path = path;
    this.fd = about('look at', path, () => access.openNamed(path));
    this.type = fileTypeOf(Number(access.status(this.fd).mode));
    const absolute = resolve(path);
    const name = Buffer.from(basename(absolute));
    const directory = about('look at', path, () => access.openTree(dirname(absolute)));
    const isRoot =
      this.type === 'directory' &&
      (this.#has(this.fd, rootMetadataFile) || !this.#hasMetadata(directory, name));
    this.parent = isRoot ? null : { directory, name };
    if (isRoot) access.close(directory);
    try {
      this.model = given ?? this.#detect();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Opens it as a tree, for a walk to close. */
  openTree(): Fd {
    return about('open', this.path, () => this.#access.openDirectory(this.fd, Buffer.from('.')));
  }

  close(): void {
    this.#access.close(this.fd);
    if (this.parent !== null) this.#access.close(this.parent.directory);
  }

  #detect(): SecurityModel {
    if (this.parent !== null && this.#hasMetadata(this.parent.directory, this.parent.name)) {
      return 'mapped-file';
    }
    if (this.type === 'directory') {
      const files = [rootMetadataFile, metadataDirectory];
      if (files.some((name) => this.#has(this.fd, name))) return 'mapped-file';
    }
    if (this.#isMapped(this.fd)) return 'mapped-xattr';
    if (this.type === 'directory' && this.#hasMappedEntry()) return 'mapped-xattr';
    throw new VfsdError('VFSD_MAPPED_MODEL', this.path, {
      answer: 'nothing in it is of QEMU: neither .virtfs_metadata nor an attribute user.virtfs.*',
    });
  }

  #hasMappedEntry(): boolean {
    const directory = this.openTree();
    try {
      return this.#access
        .names(directory)
        .slice(0, askedEntries)
        .some((name) => {
          const fd = this.#access.findObject(directory, name);
          if (fd === null) return false;
          try {
            return this.#isMapped(fd);
          } finally {
            this.#access.close(fd);
          }
        });
    } finally {
      this.#access.close(directory);
    }
  }

  #isMapped(fd: Fd): boolean {
    const type = fileTypeOf(Number(this.#access.status(fd).mode));
    return (
      (type === 'regular file' || type === 'directory') &&
      this.#access.attributeNames(fd).some((name) => name.startsWith(attributePrefix))
    );
  }

  #has(directory: Fd, name: Buffer): boolean {
    const fd = this.#access.findObject(directory, name);
    if (fd !== null) this.#access.close(fd);
    return fd !== null;
  }

  /** Whether a name of a directory has metadata of mapped-file. */
  #hasMetadata(directory: Fd, name: Buffer): boolean {
    let files: Fd;
    try {
      files = this.#access.openDirectory(directory, metadataDirectory);
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return false;
      throw error;
    }
    try {
      return this.#has(files, name);
    } finally {
      this.#access.close(files);
    }
  }
}
