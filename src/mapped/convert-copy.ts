// SPDX-License-Identifier: Apache-2.0

/**
 * Makes a copy of a tree in another security model. The tree itself is only read.
 *
 * Started again, it goes on where it was: each object gets its name when it is complete, and what has its name is not
 * made again. Directories are there before what is in them, and get their owner, mode, attributes and times when all of
 * it is.
 */

import type { Fd } from '../native/types.js';
import type { ConversionSetup } from './conversion-setup.js';
import { DirectoryChain } from './directory-chain.js';
import { about, isCode } from './host-failure.js';
import type { Manifest } from './manifest.js';
import { giveMetadata } from './metadata-sharing.js';
import { MetadataStore } from './metadata-store.js';
import { Representation, type Contents } from './representation.js';
import { Scratch } from './scratch.js';
import type { TreeAccess } from './tree-access.js';
import {
  inodeKey,
  layersOf,
  otherAttributes,
  type Layers,
  type TreeObject,
} from './tree-object.js';
import { walkTree, type Visit } from './tree-walk.js';
import { VfsdError } from '../errors.js';

export function convertToCopy(
  access: TreeAccess,
  setup: ConversionSetup,
  copyTo: string,
  manifest: Manifest,
): void {
  const chain = new DirectoryChain(access, access.openTree(copyTo));
  try {
    const scratch = new Scratch(access, chain.fd);
    try {
      new Copy(access, setup, manifest, chain, scratch).run();
    } finally {
      scratch.close();
    }
  } finally {
    chain.close();
  }
}

class Copy {
  readonly #access: TreeAccess;
  readonly #setup: ConversionSetup;
  readonly #manifest: Manifest;
  readonly #chain: DirectoryChain;
  readonly #scratch: Scratch;
  readonly #layers: Layers;
  readonly #store: MetadataStore;
  readonly #representation: Representation;

  constructor(
    access: TreeAccess,
    setup: ConversionSetup,
    manifest: Manifest,
    chain: DirectoryChain,
    scratch: Scratch,
  ) {
    this.#access = access;
    this.#setup = setup;
    this.#manifest = manifest;
    this.#chain = chain;
    this.#scratch = scratch;
    this.#layers = layersOf(setup.from);
    this.#store = new MetadataStore(access);
    this.#representation = new Representation(access, setup.to, setup);
  }

  run(): void {
    const visits = walkTree(this.#access, this.#access.openTree(this.#setup.path), {
      layers: this.#layers,
      skips: this.#setup.skips,
      crossesMounts: this.#setup.crossesMounts,
    });
    for (const visit of visits) {
      about('copy', visit.object.path, () => {
        this.#step(visit);
      });
    }
  }

  #step({ phase, object, index }: Visit): void {
    if (phase === 'object') {
      this.#setup.onProgress(index + 1);
      if (object.name !== null && !this.#isThere(object.name)) {
        this.#assertUnchanged(object, index);
        this.#copy(object, object.name);
      }
    } else if (phase === 'enter') this.#enter(object);
    else this.#leave(object);
  }

  #isThere(name: Buffer): boolean {
    const fd = this.#access.findObject(this.#chain.fd, name);
    if (fd !== null) this.#access.close(fd);
    return fd !== null;
  }

  /** Early; what is in the copy is compared with all that was written down when it is complete. */
  #assertUnchanged({ path, host }: TreeObject, index: number): void {
    if (this.#manifest.record(index)?.modificationNs === host.mtimeNs) return;
    throw new VfsdError('VFSD_MAPPED_DIFFERS', this.#setup.path, {
      answer: `${path.shown} is not what it was when the conversion began`,
      hint: 'somebody has changed the tree meanwhile; remove the copy and the file of --state, and start again',
    });
  }

  #enter({ name, path }: TreeObject): void {
    if (name === null) return;
    try {
      this.#access.makeDirectory(this.#chain.fd, name);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    this.#chain.descend(name, path);
  }

  #copy(object: TreeObject, name: Buffer): void {
    const inode = inodeKey(object.host);
    const isShared = object.host.nlink > 1n;
    if (!isShared || !this.#scratch.has(inode)) {
      this.#scratch.make((directory, newName) => {
        this.#build(directory, newName, object);
      });
      if (isShared) this.#scratch.keep(inode);
    }
    this.#giveMetadata(object, this.#chain.fd, isShared);
    if (isShared) this.#scratch.placeKept(inode, this.#chain.fd, name);
    else this.#scratch.place(this.#chain.fd, name);
  }

  #build(directory: Fd, name: Buffer, object: TreeObject): void {
    const isFile = object.guest.type === 'regular file';
    const data = isFile ? this.#access.openData(object.fd) : null;
    try {
      const contents = this.#contents(object, data);
      this.#representation.build(directory, name, object.guest, contents);
    } finally {
      if (data !== null) this.#access.close(data);
    }
  }

  #contents(object: TreeObject, data: Fd | null): Contents {
    const attributes = new Map<string, Uint8Array>();
    for (const name of otherAttributes(object, this.#layers)) {
      const value = this.#access.attribute(object.fd, name);
      if (value !== null) attributes.set(name, value);
    }
    const { atimeNs, mtimeNs } = object.host;
    return { accessNs: atimeNs, modificationNs: mtimeNs, attributes, data };
  }

  #leave(object: TreeObject): void {
    const isRoot = object.name === null;
    const fd = isRoot ? this.#chain.fd : this.#chain.ascend();
    try {
      if (isRoot) this.#scratch.removeFrom(fd);
      this.#giveMetadata(object, this.#chain.fd, false);
      this.#representation.dressNew(fd, object.guest, this.#contents(object, null));
    } finally {
      if (!isRoot) this.#access.close(fd);
    }
  }

  #giveMetadata(object: TreeObject, directory: Fd, isShared: boolean): void {
    if (this.#setup.to !== 'mapped-file') return;
    const { path, name, guest, host } = object;
    const place = { path, name, directory };
    const metadata = this.#representation.metadataOf(guest);
    if (name === null) this.#store.write(place, metadata);
    else {
      const shared = isShared ? inodeKey(host) : null;
      giveMetadata(this.#store, this.#scratch, place, metadata, null, shared);
    }
  }
}
