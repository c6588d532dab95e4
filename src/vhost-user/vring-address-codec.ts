// SPDX-License-Identifier: Apache-2.0

import type { FrontendVirtualAddress } from '../native/types.js';
import { PayloadReader, requireSize } from './payload.js';

/** "A vring address description": 40 bytes. The log address is left out: LOG_SHMFD is not offered. */
export interface VringAddress {
  readonly index: number;
  /** Bit 0: writes to the used ring are to be logged. */
  readonly flags: number;
  readonly descriptor: FrontendVirtualAddress;
  readonly used: FrontendVirtualAddress;
  readonly available: FrontendVirtualAddress;
}

export function decodeVringAddress(payload: Uint8Array): VringAddress {
  requireSize(payload, 40);
  const reader = new PayloadReader(payload);
  return {
    index: reader.u32(),
    flags: reader.u32(),
    descriptor: reader.u64() as FrontendVirtualAddress,
    used: reader.u64() as FrontendVirtualAddress,
    available: reader.u64() as FrontendVirtualAddress,
  };
}
