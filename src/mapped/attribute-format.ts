// SPDX-License-Identifier: Apache-2.0

/** mapped-xattr: metadata as attributes of the host object, little endian, of fixed sizes. */

import { noMetadata, type Metadata, type MetadataField } from './metadata.js';

/** What the guest never sees of an object's attributes. */
export const attributePrefix = 'user.virtfs.';

export const attributeNames: Readonly<Record<MetadataField, string>> = {
  uid: `${attributePrefix}uid`,
  gid: `${attributePrefix}gid`,
  mode: `${attributePrefix}mode`,
  rdev: `${attributePrefix}rdev`,
};
export const attributeSizes: Readonly<Record<MetadataField, number>> = {
  uid: 4,
  gid: 4,
  mode: 4,
  rdev: 8,
};

/** The attribute `user.virtfs.…` of a field, by its value as it is stored. */
export type StoredAttributes = Readonly<Partial<Record<MetadataField, Uint8Array>>>;

/**
 * Reads as QEMU does: a value of one byte and more counts, with zeros for what it lacks. A longer one than there is room
 * for does not: getxattr(2) answers ERANGE to it.
 */
export function metadataOfAttributes(stored: StoredAttributes): Metadata {
  return {
    ...noMetadata,
    uid: numberOf('uid', stored),
    gid: numberOf('gid', stored),
    mode: numberOf('mode', stored),
    rdev: valueOf('rdev', stored),
  };
}

function numberOf(field: MetadataField, stored: StoredAttributes): number | null {
  const value = valueOf(field, stored);
  return value === null ? null : Number(value);
}

function valueOf(field: MetadataField, stored: StoredAttributes): bigint | null {
  const bytes = stored[field];
  if (bytes === undefined || bytes.length === 0 || bytes.length > attributeSizes[field])
    return null;
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

export function storedField(field: MetadataField, value: number | bigint): Buffer {
  const bytes = Buffer.alloc(attributeSizes[field]);
  if (field === 'rdev') bytes.writeBigUInt64LE(BigInt(value));
  else bytes.writeUInt32LE(Number(value));
  return bytes;
}
