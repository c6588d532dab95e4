// SPDX-License-Identifier: Apache-2.0

/** One object of a tree: what the host has, what is kept beside it, and what the guest makes of both. */

import type { ObjectPath } from './object-path.js';
import type { BigIntStats } from 'node:fs';
import type { Fd } from '../native/types.js';
import {
  attributeNames,
  attributePrefix,
  metadataOfAttributes,
  type StoredAttributes,
} from './attribute-format.js';
import { guestDevice } from './device-number.js';
import { fileTypeOf, type FileType } from './file-mode.js';
import { completed, metadataFields, noMetadata, type Metadata } from './metadata.js';
import { parseMetadata, readableSize } from './metadata-file-format.js';
import { metadataDirectory, rootMetadataFile, type SecurityModel } from './model.js';
import { aclKinds, mappedAclNames, noAcls, realAclNames, type Acls } from './posix-acl.js';
import type { TreeAccess } from './tree-access.js';

/**
 * Which places of metadata count. During a conversion from one model to another those of both do, the file of metadata
 * first, then the attributes, then the host's own values: whatever order of changes keeps the first of them right, keeps
 * what the guest sees.
 */
export interface Layers {
  readonly attributes: boolean;
  readonly files: boolean;
  /** Whether the host's own access control lists are the guest's. */
  readonly realAcls: boolean;
}

export function layersOf(...models: readonly SecurityModel[]): Layers {
  return {
    attributes: models.includes('mapped-xattr'),
    files: models.includes('mapped-file'),
    realAcls: models.some((model) => model !== 'mapped-xattr'),
  };
}

export interface MetadataFile {
  readonly isRegular: boolean;
  readonly status: BigIntStats;
  /** Empty for what is not regular. */
  readonly text: Buffer;
}

export interface TreeObject {
  readonly path: ObjectPath;
  /** Null for the tree itself. */
  readonly name: Buffer | null;
  /** Of O_PATH, or of an open directory; the walk closes it. */
  readonly fd: Fd;
  readonly host: BigIntStats;
  readonly hostType: FileType | null;
  readonly attributeNames: readonly string[];
  /** The attributes of mapped-xattr, as they are. */
  readonly stored: StoredAttributes;
  readonly mappedAcls: Acls;
  readonly realAcls: Acls;
  readonly metadataFile: MetadataFile | null;
  readonly guest: GuestView;
}

/** What the guest sees. */
export interface GuestView {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly type: FileType | null;
  readonly rdev: bigint;
  readonly acls: Acls;
  /** Of a symbolic link; up to a byte more than a target can have. */
  readonly target: Buffer | null;
  readonly size: bigint;
}

/** PATH_MAX, with the NUL at the end. */
export const longestTarget = 4095;

/** Where an object is: its directory and name there, or the tree itself. */
export interface Place {
  readonly path: ObjectPath;
  readonly name: Buffer | null;
  /** The directory that the name is in; for the tree itself, the tree. */
  readonly directory: Fd;
}

export function readObject(access: TreeAccess, fd: Fd, place: Place, layers: Layers): TreeObject {
  const host = access.status(fd);
  const hostType = fileTypeOf(Number(host.mode));
  const names = hostType === 'symbolic link' ? [] : access.attributeNames(fd);
  const valueOf = (name: string): Uint8Array | null =>
    names.includes(name) ? access.attribute(fd, name) : null;
  const stored: { -readonly [Field in keyof StoredAttributes]: StoredAttributes[Field] } = {};
  for (const field of metadataFields) {
    const value = valueOf(attributeNames[field]);
    if (value !== null) stored[field] = value;
  }
  const aclsBy = (aclNames: typeof realAclNames): Acls => ({
    access: valueOf(aclNames.access),
    default: valueOf(aclNames.default),
  });
  const [mappedAcls, realAcls] = [aclsBy(mappedAclNames), aclsBy(realAclNames)];
  const metadataFile = layers.files ? readMetadataFile(access, place) : null;
  const metadata = completed(
    metadataFile === null ? noMetadata : parseMetadata(metadataFile.text),
    layers.attributes ? metadataOfAttributes(stored) : noMetadata,
  );
  const acls = aclsOf(layers, mappedAcls, realAcls);
  const guest = guestView(access, fd, host, metadata, acls);
  return {
    path: place.path,
    name: place.name,
    fd,
    host,
    hostType,
    attributeNames: names,
    stored,
    mappedAcls,
    realAcls,
    metadataFile,
    guest,
  };
}

/** Attributes that mean the same to every security model; those of the host's security modules are not the tree's. */
export function otherAttributes(object: TreeObject, layers: Layers): readonly string[] {
  return object.attributeNames.filter(
    (name) =>
      !(layers.attributes && name.startsWith(attributePrefix)) &&
      !name.startsWith('system.') &&
      name !== 'security.selinux',
  );
}

/** The one name of two that stands for an object of several links. */
export function inodeKey({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function guestView(
  access: TreeAccess,
  fd: Fd,
  host: BigIntStats,
  metadata: Metadata,
  acls: Acls,
): GuestView {
  const mode = metadata.mode ?? Number(host.mode);
  const type = fileTypeOf(mode);
  const target = type === 'symbolic link' ? targetOf(access, fd, host) : null;
  return {
    uid: metadata.uid ?? Number(host.uid),
    gid: metadata.gid ?? Number(host.gid),
    mode,
    type,
    rdev: guestDevice(metadata.rdev ?? host.rdev),
    acls,
    target,
    size: target === null ? host.size : BigInt(target.length),
  };
}

function targetOf(access: TreeAccess, fd: Fd, host: BigIntStats): Buffer | null {
  const hostType = fileTypeOf(Number(host.mode));
  if (hostType === 'symbolic link') return access.linkTarget(fd);
  return hostType === 'regular file' ? access.head(fd, longestTarget + 1) : null;
}

function aclsOf(layers: Layers, mapped: Acls, real: Acls): Acls {
  const acls = { ...noAcls };
  for (const kind of aclKinds) {
    acls[kind] = (layers.realAcls ? real[kind] : null) ?? (layers.attributes ? mapped[kind] : null);
  }
  return acls;
}

function readMetadataFile(access: TreeAccess, { directory, name }: Place): MetadataFile | null {
  if (name === null) return readMetadata(access, directory, rootMetadataFile);
  const files = access.findObject(directory, metadataDirectory);
  if (files === null) return null;
  try {
    const isDirectory = fileTypeOf(Number(access.status(files).mode)) === 'directory';
    return isDirectory ? readMetadata(access, files, name) : null;
  } finally {
    access.close(files);
  }
}

function readMetadata(access: TreeAccess, directory: Fd, name: Buffer): MetadataFile | null {
  const fd = access.findObject(directory, name);
  if (fd === null) return null;
  try {
    const status = access.status(fd);
    const isRegular = fileTypeOf(Number(status.mode)) === 'regular file';
    return { isRegular, status, text: isRegular ? access.head(fd, readableSize) : Buffer.alloc(0) };
  } finally {
    access.close(fd);
  }
}
