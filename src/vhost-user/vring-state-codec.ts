// SPDX-License-Identifier: Apache-2.0

import { PayloadReader, requireSize } from './payload.js';

/** "A vring state description": 8 bytes. What `num` means depends on the request. */
export interface VringState {
  readonly index: number;
  readonly num: number;
}

export function decodeVringState(payload: Uint8Array): VringState {
  requireSize(payload, 8);
  const reader = new PayloadReader(payload);
  return { index: reader.u32(), num: reader.u32() };
}

export function encodeVringState(state: VringState): Uint8Array {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, state.index, true);
  view.setUint32(4, state.num, true);
  return payload;
}
