// SPDX-License-Identifier: Apache-2.0

import { PayloadReader, requireSize } from './payload.js';

/** "A single 64-bit integer" (spec, "Message specification"): 8 bytes. */
export function decodeU64(payload: Uint8Array): bigint {
  requireSize(payload, 8);
  return new PayloadReader(payload).u64();
}

export function encodeU64(value: bigint): Uint8Array {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setBigUint64(0, value, true);
  return payload;
}
