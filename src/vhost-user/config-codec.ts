// SPDX-License-Identifier: Apache-2.0

import { FrontEndError } from './front-end-error.js';
import { PayloadReader, requireAtLeast, requireSize } from './payload.js';
import { maxConfigSize } from './protocol.js';

/** "Virtio device config space": a window of the configuration space, 12 bytes and the window's content. */
export interface ConfigWindow {
  /** First byte of the window. */
  readonly offset: number;
  /** Length of the window in bytes. */
  readonly size: number;
  readonly flags: number;
}

const windowHeaderSize = 12;

export function decodeConfigWindow(payload: Uint8Array): ConfigWindow {
  requireAtLeast(payload, windowHeaderSize);
  const reader = new PayloadReader(payload);
  const window = { offset: reader.u32(), size: reader.u32(), flags: reader.u32() };
  if (window.offset + window.size > maxConfigSize) {
    throw new FrontEndError(
      `${window.size} bytes at ${window.offset} end behind the ${maxConfigSize} bytes of a configuration space`,
    );
  }
  requireSize(payload, windowHeaderSize + window.size);
  return window;
}

/** The answer to GET_CONFIG. What lies behind the end of `space` reads as zero. */
export function encodeConfigWindow(window: ConfigWindow, space: Uint8Array): Uint8Array {
  const payload = new Uint8Array(windowHeaderSize + window.size);
  const view = new DataView(payload.buffer);
  view.setUint32(0, window.offset, true);
  view.setUint32(4, window.size, true);
  view.setUint32(8, window.flags, true);
  payload.set(space.subarray(window.offset, window.offset + window.size), windowHeaderSize);
  return payload;
}
