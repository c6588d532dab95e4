// SPDX-License-Identifier: Apache-2.0

import { FrontEndError } from './front-end-error.js';

/**
 * Reads a payload's integers in order. The codecs say first how long the payload must be, so that running past its
 * end is a mistake of the program and not of the front-end.
 */
export class PayloadReader {
  readonly #view: DataView;
  #position = 0;

  constructor(payload: Uint8Array) {
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  }

  u32(): number {
    const value = this.#view.getUint32(this.#position, true);
    this.#position += 4;
    return value;
  }

  u64(): bigint {
    const value = this.#view.getBigUint64(this.#position, true);
    this.#position += 8;
    return value;
  }

  /** Passes over `length` bytes of padding. */
  skip(length: number): void {
    this.#position += length;
  }
}

/** Refuses a payload that is not exactly `size` bytes long. */
export function requireSize(payload: Uint8Array, size: number): void {
  if (payload.byteLength === size) return;
  throw new FrontEndError(`the payload has ${payload.byteLength} bytes instead of ${size}`);
}

/** Refuses a payload that is shorter than `size` bytes. */
export function requireAtLeast(payload: Uint8Array, size: number): void {
  if (payload.byteLength >= size) return;
  throw new FrontEndError(`the payload has ${payload.byteLength} bytes, fewer than ${size}`);
}
