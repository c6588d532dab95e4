// SPDX-License-Identifier: Apache-2.0

/** How an object of the guest is kept on the host by a security model. */

import { readSync, type BigIntStats } from 'node:fs';
import type { Fd } from '../native/types.js';
import { attributeNames, storedField, type StoredAttributes } from './attribute-format.js';
import { fileTypes, isDevice, permissionMask, type FileType } from './file-mode.js';
import { metadataFields, type Metadata } from './metadata.js';
import type { SecurityModel } from './model.js';
import { aclKinds, mappedAclNames, noAcls, realAclNames, type Acls } from './posix-acl.js';
import type { TreeAccess } from './tree-access.js';
import type { GuestView } from './tree-object.js';

export interface HostModes {
  /** Permissions of files and of directories on the host in a mapped model. */
  readonly fmode: number;
  readonly dmode: number;
}

/** What an object on the host has already. */
export interface Present {
  readonly host: BigIntStats;
  readonly stored: StoredAttributes;
  readonly mappedAcls: Acls;
  readonly realAcls: Acls;
}

/** What a new object takes over from another one. */
export interface Contents {
  readonly accessNs: bigint;
  readonly modificationNs: bigint;
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  /** Open for reading; null: there are none. */
  readonly data: Fd | null;
}

const linkPermissions = 0o777;
const chunkSize = 1024 * 1024;

export class Representation {
  readonly #access: TreeAccess;
  readonly #to: SecurityModel;
  readonly #modes: HostModes;

  constructor(access: TreeAccess, to: SecurityModel, modes: HostModes) {
    this.#access = access;
    this.#to = to;
    this.#modes = modes;
  }

  /** What the host has for a type of the guest. */
  hostTypeOf(type: FileType | null): FileType | null {
    return this.#to === 'passthrough' || type === 'directory' ? type : 'regular file';
  }

  /** What a mapped model writes down. */
  metadataOf({ uid, gid, mode, type, rdev }: GuestView): Metadata {
    const whole = type === 'symbolic link' ? fileTypes[type] | linkPermissions : mode;
    return { uid, gid, mode: whole, rdev: isDevice(type) ? rdev : null };
  }

  /**
   * Gives an object that is of the right type all that the model keeps in it. What it was told to the guest by has to be
   * complete before it counts, and goes only when what follows it in the order of places is: see Layers. So attributes
   * come first here, of these the mode last, or they go last.
   */
  dress(fd: Fd, view: GuestView, present: Present): void {
    if (this.#to === 'mapped-xattr') this.#dressAttributes(fd, view, present);
    else if (this.#to === 'mapped-file') this.#dressFile(fd, view, present);
    else this.#dressReal(fd, view, present);
  }

  /** A new object, complete but for its name. */
  build(directory: Fd, name: Buffer, view: GuestView, contents: Contents): void {
    this.#create(directory, name, view, contents.data);
    const fd = this.#access.openObject(directory, name);
    try {
      this.dressNew(fd, view, contents);
    } finally {
      this.#access.close(fd);
    }
  }

  /** The rest of a new object, which is there and empty of attributes. */
  dressNew(fd: Fd, view: GuestView, { attributes, accessNs, modificationNs }: Contents): void {
    // A new owner takes capabilities from a file, and permissions may take the right to set attributes.
    const isLate = (name: string): boolean => name.startsWith('security.');
    for (const [name, value] of attributes) {
      if (!isLate(name)) this.#access.setAttribute(fd, name, value);
    }
    const host = this.#access.status(fd);
    const realAcls = this.#readAcls(fd, view.type);
    this.dress(fd, view, { host, stored: {}, mappedAcls: noAcls, realAcls });
    for (const [name, value] of attributes) {
      if (isLate(name)) this.#access.setAttribute(fd, name, value);
    }
    this.#access.setTimes(fd, accessNs, modificationNs);
  }

  #readAcls(fd: Fd, type: FileType | null): Acls {
    if (this.hostTypeOf(type) === 'symbolic link') return noAcls;
    return {
      access: this.#access.attribute(fd, realAclNames.access),
      default: this.#access.attribute(fd, realAclNames.default),
    };
  }

  #create(directory: Fd, name: Buffer, view: GuestView, data: Fd | null): void {
    const type = this.hostTypeOf(view.type);
    if (type === 'regular file') {
      const file = this.#access.makeFile(directory, name);
      try {
        if (view.target !== null) this.#access.write(file, view.target, 0);
        if (data !== null) this.#copyData(data, file, Number(view.size));
      } finally {
        this.#access.close(file);
      }
    } else if (type === 'symbolic link') {
      this.#access.makeLink(directory, name, view.target ?? Buffer.alloc(0));
    } else if (type !== null && type !== 'directory') {
      this.#access.makeNode(directory, name, fileTypes[type] | 0o600, view.rdev);
    } else throw new Error(`no object of type ${type ?? 'none'} is made here`);
  }

  #copyData(from: Fd, to: Fd, size: number): void {
    const chunk = Buffer.alloc(chunkSize);
    for (const { start, end } of this.#access.data(from)) {
      for (let at = start; at < end;) {
        const count = readSync(from, chunk, 0, Math.min(chunkSize, end - at), at);
        if (count === 0) break;
        this.#access.write(to, chunk.subarray(0, count), at);
        at += count;
      }
    }
    // A hole at the end is not written.
    this.#access.setSize(to, size);
  }

  #dressAttributes(fd: Fd, view: GuestView, { stored, mappedAcls, realAcls }: Present): void {
    this.#setAcls(fd, mappedAclNames, view.acls, mappedAcls);
    const metadata = this.metadataOf(view);
    for (const field of ['uid', 'gid', 'rdev', 'mode'] as const) {
      const value = metadata[field];
      if (value === null) continue;
      const bytes = storedField(field, value);
      const old = stored[field];
      if (old !== undefined && bytes.equals(old)) continue;
      this.#access.setAttribute(fd, attributeNames[field], bytes);
    }
    this.#removeAcls(fd, realAclNames, realAcls);
    this.#setHostMode(fd, view);
  }

  #dressFile(fd: Fd, view: GuestView, { stored, mappedAcls, realAcls }: Present): void {
    this.#setAcls(fd, realAclNames, view.acls, realAcls);
    this.#removeMapped(fd, stored, mappedAcls);
    if (view.acls.access === null) this.#setHostMode(fd, view);
    else {
      // The permissions of an object with a list are a part of the list, which is the guest's.
      const mode = Number(this.#access.status(fd).mode) & permissionMask;
      if (mode !== (mode & 0o777)) this.#access.setPermissions(fd, mode & 0o777);
    }
  }

  #dressReal(fd: Fd, view: GuestView, { host, stored, mappedAcls, realAcls }: Present): void {
    if (Number(host.uid) !== view.uid || Number(host.gid) !== view.gid) {
      this.#access.setOwner(fd, view.uid, view.gid);
    }
    if (view.type !== 'symbolic link') {
      this.#setAcls(fd, realAclNames, view.acls, realAcls);
      // A new owner takes the set-id bits, and a list changes those of the group.
      const mode = Number(this.#access.status(fd).mode) & permissionMask;
      const wanted = view.mode & permissionMask;
      if (mode !== wanted) this.#access.setPermissions(fd, wanted);
    }
    this.#removeMapped(fd, stored, mappedAcls);
  }

  #setHostMode(fd: Fd, { type }: GuestView): void {
    const wanted = type === 'directory' ? this.#modes.dmode : this.#modes.fmode;
    // Where a list has just gone, the permissions may have changed with it.
    const mode = Number(this.#access.status(fd).mode) & permissionMask;
    if (mode !== wanted) this.#access.setPermissions(fd, wanted);
  }

  #setAcls(fd: Fd, names: typeof realAclNames, wanted: Acls, present: Acls): void {
    for (const kind of aclKinds) {
      const list = wanted[kind];
      const old = present[kind];
      if (list === null || (old !== null && Buffer.from(list).equals(old))) continue;
      this.#access.setAttribute(fd, names[kind], list);
    }
    this.#removeAcls(fd, names, unwanted(wanted, present));
  }

  #removeAcls(fd: Fd, names: typeof realAclNames, present: Acls): void {
    for (const kind of aclKinds) {
      if (present[kind] !== null) this.#access.removeAttribute(fd, names[kind]);
    }
  }

  #removeMapped(fd: Fd, stored: StoredAttributes, mappedAcls: Acls): void {
    this.#removeAcls(fd, mappedAclNames, mappedAcls);
    for (const field of metadataFields) {
      if (stored[field] !== undefined) this.#access.removeAttribute(fd, attributeNames[field]);
    }
  }
}

/** Lists that are there and are not the guest's, such as those that a new object has inherited. */
function unwanted(wanted: Acls, present: Acls): Acls {
  return {
    access: wanted.access === null ? present.access : null,
    default: wanted.default === null ? present.default : null,
  };
}
