// SPDX-License-Identifier: Apache-2.0

/**
 * Converts a tree where it is.
 *
 * It may be ended at any moment, and started again, because an object says itself how far it has come. What the guest
 * sees of it is looked for in this order during the whole conversion (see Layers): its file of metadata, its attributes,
 * the host's own values. Each of the steps keeps what that gives:
 *
 *   to mapped-xattr   the attributes, complete, with the values that count; then the host's lists and permissions are
 *                     made harmless; then the file of metadata goes, if there was one
 *   to mapped-file    the file of metadata, complete and in one step (rename); then the attributes go, if there were
 *                     some, and the host's permissions become harmless: with the last name of an object of several, as
 *                     each name has metadata of its own
 *   to passthrough    the host's owner, list and permissions; then attributes or the file of metadata go
 *
 * An object that has to be of another type on the host (links, devices, FIFOs, sockets) is built anew, complete, and
 * takes the place of the old one in one step. From mapped-file its metadata goes after that, to mapped-file it comes
 * before. A directory comes after all that is in it, and its times last. Each object is compared with what was written
 * down of it before anything was changed; one that has become another one ends the conversion.
 */

import { VfsdError } from '../errors.js';
import { Fingerprints, ownIdentity } from './fingerprint.js';
import { about } from './host-failure.js';
import type { Manifest, ObjectRecord } from './manifest.js';
import { giveMetadata } from './metadata-sharing.js';
import { MetadataStore } from './metadata-store.js';
import type { ConversionSetup } from './conversion-setup.js';
import { noAcls } from './posix-acl.js';
import { Representation, type Present } from './representation.js';
import { scratchName } from './scratch.js';
import { ScratchStack } from './scratch-stack.js';
import type { TreeAccess } from './tree-access.js';
import { inodeKey, layersOf, type Layers, type Place, type TreeObject } from './tree-object.js';
import { walkTree, type Visit } from './tree-walk.js';

export function convertInPlace(
  access: TreeAccess,
  setup: ConversionSetup,
  manifest: Manifest,
): void {
  const work = new InPlace(access, setup, manifest);
  try {
    work.run();
  } finally {
    work.close();
  }
}

class InPlace {
  readonly #access: TreeAccess;
  readonly #setup: ConversionSetup;
  readonly #manifest: Manifest;
  readonly #layers: Layers;
  readonly #store: MetadataStore;
  readonly #representation: Representation;
  readonly #fingerprints: Fingerprints;
  readonly #scratches: ScratchStack;
  /** How many names of an object of several have been met. */
  readonly #names = new Map<string, bigint>();

  constructor(access: TreeAccess, setup: ConversionSetup, manifest: Manifest) {
    this.#access = access;
    this.#setup = setup;
    this.#manifest = manifest;
    this.#layers = layersOf(setup.from, setup.to);
    this.#store = new MetadataStore(access);
    this.#representation = new Representation(access, setup.to, setup);
    this.#scratches = new ScratchStack(access);
    this.#fingerprints = new Fingerprints(access, {
      layers: this.#layers,
      withData: false,
      identity: ({ host }) => {
        const origin = this.#scratches.innermostIfAny?.originOf(inodeKey(host)) ?? null;
        return origin ?? ownIdentity({ host });
      },
    });
  }

  run(): void {
    const { setup, access } = { setup: this.#setup, access: this.#access };
    const visits = walkTree(access, access.openTree(setup.path), {
      layers: this.#layers,
      skips: (name, isTop) => setup.skips(name) || (isTop && name.equals(scratchName)),
      crossesMounts: setup.crossesMounts,
    });
    for (const visit of visits) {
      about('convert', visit.object.path, () => {
        this.#step(visit);
      });
    }
  }

  close(): void {
    this.#scratches.close();
  }

  #step(visit: Visit): void {
    const { phase, object, directory, index, isTop } = visit;
    const place = { path: object.path, name: object.name, directory };
    if (phase !== 'leave') this.#assertUnchanged(object, index);
    if (phase === 'object') {
      this.#setup.onProgress(index + 1);
      this.#convert(object, place, this.#record(index));
    } else if (phase === 'enter') {
      if (isTop) this.#scratches.enter(object.fd);
    } else this.#leave(object, place, this.#record(index), isTop);
  }

  #leave(object: TreeObject, place: Place, record: ObjectRecord, isTop: boolean): void {
    if (isTop) this.#scratches.leave(object.fd);
    if (this.#setup.from === 'mapped-file') this.#store.removeDirectory(object.fd);
    this.#convert(object, place, record);
    const { atimeNs, mtimeNs } = this.#access.status(object.fd);
    if (atimeNs === record.accessNs && mtimeNs === record.modificationNs) return;
    this.#access.setTimes(object.fd, record.accessNs, record.modificationNs);
  }

  #record(index: number): ObjectRecord {
    const record = this.#manifest.record(index);
    if (record === null) throw this.#changed('there are more objects than there were');
    return record;
  }

  #assertUnchanged(object: TreeObject, index: number): void {
    const fingerprint = this.#fingerprints.of(object, index);
    if (fingerprint.equals(this.#record(index).fingerprint)) return;
    throw this.#changed(`${object.path.shown} is not what it was when the conversion began`);
  }

  #changed(answer: string): VfsdError {
    return new VfsdError('VFSD_MAPPED_DIFFERS', this.#setup.path, {
      answer,
      hint: 'somebody has changed the tree meanwhile; what is converted is complete, and what is not is as it was',
    });
  }

  #convert(object: TreeObject, place: Place, record: ObjectRecord): void {
    const { guest, hostType } = object;
    if (this.#representation.hostTypeOf(guest.type) !== hostType) {
      this.#replace(object, place, record);
    } else if (this.#setup.to === 'mapped-file') this.#settleWithFile(object, place);
    else {
      this.#representation.dress(object.fd, guest, this.#present(object));
      if (object.metadataFile !== null) this.#store.remove(place);
    }
  }

  #replace(object: TreeObject, place: Place, record: ObjectRecord): void {
    const { guest, host } = object;
    const { name } = place;
    if (name === null) throw new Error('a tree is a directory in every model');
    const scratch = this.#scratches.innermost;
    const inode = inodeKey(host);
    const isShared = host.nlink > 1n || scratch.has(inode);
    if (!scratch.has(inode)) {
      scratch.make((directory, newName) => {
        const contents = { ...record, attributes: new Map<string, Uint8Array>(), data: null };
        this.#representation.build(directory, newName, guest, contents);
      });
      if (isShared) scratch.keep(inode);
    }
    if (this.#setup.to === 'mapped-file') this.#giveMetadata(object, place, isShared);
    if (isShared) scratch.placeKept(inode, place.directory, name);
    else scratch.place(place.directory, name);
    if (this.#setup.to !== 'mapped-file' && object.metadataFile !== null) this.#store.remove(place);
  }

  #settleWithFile(object: TreeObject, place: Place): void {
    const { guest, host, hostType } = object;
    const isReplaced =
      this.#setup.from === 'passthrough' &&
      guest.type !== 'regular file' &&
      guest.type !== 'directory';
    // By an earlier run, complete and with its metadata.
    if (isReplaced) return;
    const isShared = hostType !== 'directory' && host.nlink > 1n;
    this.#giveMetadata(object, place, isShared);
    if (isShared && this.#nameCount(inodeKey(host)) < host.nlink) return;
    this.#representation.dress(object.fd, guest, this.#present(object));
  }

  #giveMetadata(object: TreeObject, place: Place, isShared: boolean): void {
    const metadata = this.#representation.metadataOf(object.guest);
    const shared = isShared ? inodeKey(object.host) : null;
    const scratch = place.path.isTree ? null : this.#scratches.innermost;
    if (scratch === null) {
      // The tree itself has one name, and its scratch is gone.
      if (object.metadataFile === null) this.#store.write(place, metadata);
      return;
    }
    giveMetadata(this.#store, scratch, place, metadata, object.metadataFile, shared);
  }

  #nameCount(inode: string): bigint {
    const count = (this.#names.get(inode) ?? 0n) + 1n;
    this.#names.set(inode, count);
    return count;
  }

  #present({ host, stored, mappedAcls, realAcls }: TreeObject): Present {
    // Where neither model is mapped-xattr, its attributes are like any others: the guest's.
    return this.#layers.attributes
      ? { host, stored, mappedAcls, realAcls }
      : { host, stored: {}, mappedAcls: noAcls, realAcls };
  }
}
