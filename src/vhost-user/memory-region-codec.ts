// SPDX-License-Identifier: Apache-2.0

import type { FrontendVirtualAddress, GuestPhysicalAddress } from '../native/types.js';
import { FrontEndError } from './front-end-error.js';
import { PayloadReader, requireAtLeast, requireSize } from './payload.js';
import { maxMemoryTableRegions } from './protocol.js';

/** "Memory region description": 32 bytes. The region's file comes as a descriptor beside the message. */
export interface RegionDescription {
  readonly guestAddress: GuestPhysicalAddress;
  readonly size: bigint;
  readonly frontendAddress: FrontendVirtualAddress;
  readonly offset: bigint;
}

const regionSize = 32;

function readRegion(reader: PayloadReader): RegionDescription {
  return {
    guestAddress: reader.u64() as GuestPhysicalAddress,
    size: reader.u64(),
    frontendAddress: reader.u64() as FrontendVirtualAddress,
    offset: reader.u64(),
  };
}

/**
 * "Multiple memory regions description": a count, padding, and the regions. The payload may be longer than the count
 * asks for, because user-mode Linux always sends room for eight.
 */
export function decodeMemoryTable(payload: Uint8Array): readonly RegionDescription[] {
  requireAtLeast(payload, 8);
  const reader = new PayloadReader(payload);
  const count = reader.u32();
  reader.skip(4);
  if (count > maxMemoryTableRegions) {
    throw new FrontEndError(`the table has ${count} regions, more than ${maxMemoryTableRegions}`);
  }
  requireAtLeast(payload, 8 + count * regionSize);
  return Array.from({ length: count }, () => readRegion(reader));
}

/** "Single memory region description": padding and one region, 40 bytes. */
export function decodeSingleRegion(payload: Uint8Array): RegionDescription {
  requireSize(payload, 8 + regionSize);
  const reader = new PayloadReader(payload);
  reader.skip(8);
  return readRegion(reader);
}
