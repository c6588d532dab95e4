// SPDX-License-Identifier: Apache-2.0

/** The security models of QEMU's 9p server: where the owner, mode, type and device number of a guest's file are kept. */
export const securityModels = ['mapped-xattr', 'mapped-file', 'passthrough'] as const;
export type SecurityModel = (typeof securityModels)[number];

/** mapped-file: the directory with a file of metadata for each entry of the directory that it is in. */
export const metadataDirectory = Buffer.from('.virtfs_metadata');
/** mapped-file: the metadata of the shared directory itself. */
export const rootMetadataFile = Buffer.from('.virtfs_metadata_root');

/** Names that no guest of mapped-file can see or use, in any directory. */
export function isHiddenName(name: Buffer): boolean {
  return name.equals(metadataDirectory) || name.equals(rootMetadataFile);
}
