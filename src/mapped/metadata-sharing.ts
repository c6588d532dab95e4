// SPDX-License-Identifier: Apache-2.0

import { printMetadata } from './metadata-file-format.js';
import type { MetadataStore } from './metadata-store.js';
import type { Metadata } from './metadata.js';
import { metadataName, type Scratch } from './scratch.js';
import { inodeKey, type MetadataFile, type Place } from './tree-object.js';

/**
 * Gives a name its metadata of mapped-file. The names of one object get one file, as QEMU's link does it: the first that
 * is met writes it, and a link to it among the scratch tells the others, also of a later run.
 *
 * `shared`: the inode of an object that has several names, in the source.
 */
export function giveMetadata(
  store: MetadataStore,
  scratch: Scratch,
  place: Place,
  metadata: Metadata,
  present: MetadataFile | null,
  shared: string | null,
): void {
  const other = shared === null ? null : scratch.metadataOf(shared);
  if (other !== null) {
    const own = present === null ? null : inodeKey(present.status);
    if (own !== other.key) store.linkFrom(scratch.fd, other.name, place);
    return;
  }
  const text = printMetadata(metadata);
  if (present?.text.equals(text) !== true) store.write(place, metadata);
  if (shared !== null) store.linkTo(place, scratch.fd, metadataName(shared));
}
