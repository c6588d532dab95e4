// SPDX-License-Identifier: Apache-2.0

/** What a mapped security model keeps of an object; what it does not keep (null) is the host object's own. */
export interface Metadata {
  readonly uid: number | null;
  readonly gid: number | null;
  /** st_mode as a whole: type and permissions. */
  readonly mode: number | null;
  readonly rdev: bigint | null;
}

export const metadataFields = ['uid', 'gid', 'mode', 'rdev'] as const;
export type MetadataField = (typeof metadataFields)[number];

export const noMetadata: Metadata = { uid: null, gid: null, mode: null, rdev: null };

/** What the first lacks is taken from the second. */
export function completed(first: Metadata, second: Metadata): Metadata {
  return {
    uid: first.uid ?? second.uid,
    gid: first.gid ?? second.gid,
    mode: first.mode ?? second.mode,
    rdev: first.rdev ?? second.rdev,
  };
}

export function isEmpty(metadata: Metadata): boolean {
  return metadataFields.every((field) => metadata[field] === null);
}
