// SPDX-License-Identifier: Apache-2.0

/** The values of system.posix_acl_access and …_default, version 2 (linux/posix_acl_xattr.h). */

export const aclKinds = ['access', 'default'] as const;
export type AclKind = (typeof aclKinds)[number];

/** Where the kernel has an object's list. */
export const realAclNames: Readonly<Record<AclKind, string>> = {
  access: 'system.posix_acl_access',
  default: 'system.posix_acl_default',
};
/** Where mapped-xattr has it: the host's kernel does not know it. */
export const mappedAclNames: Readonly<Record<AclKind, string>> = {
  access: 'user.virtfs.system.posix_acl_access',
  default: 'user.virtfs.system.posix_acl_default',
};

export type Acls = Readonly<Record<AclKind, Uint8Array | null>>;
export const noAcls: Acls = { access: null, default: null };

const version = 2;
const headerSize = 4;
const entrySize = 8;
const tags = new Map([
  [0x01, 'user'],
  [0x02, 'user'],
  [0x04, 'group'],
  [0x08, 'group'],
  [0x10, 'mask'],
  [0x20, 'other'],
]);
const named = [0x02, 0x08];

/** `user::rw-,user:1000:r--,…` as getfacl(1) writes it with numbers; null: no list of version 2. */
export function aclText(value: Uint8Array): string | null {
  const bytes = Buffer.from(value);
  if (bytes.length < headerSize || (bytes.length - headerSize) % entrySize !== 0) return null;
  if (bytes.readUInt32LE(0) !== version) return null;
  const entries: string[] = [];
  for (let at = headerSize; at < bytes.length; at += entrySize) {
    const tag = bytes.readUInt16LE(at);
    const permissions = bytes.readUInt16LE(at + 2);
    const name = tags.get(tag);
    if (name === undefined || permissions > 7) return null;
    const id = named.includes(tag) ? String(bytes.readUInt32LE(at + 4)) : '';
    const letters = ['r', 'w', 'x'].map((letter, bit) => (permissions & (4 >> bit) ? letter : '-'));
    entries.push(`${name}:${id}:${letters.join('')}`);
  }
  return entries.join(',');
}
