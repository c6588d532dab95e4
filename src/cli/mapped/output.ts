// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';

const chunkSize = 64 * 1024;
const pauseMs = 5;

/** Collects what goes to standard output, for trees of millions of objects. */
export class Output {
  #parts: Uint8Array[] = [];
  #size = 0;
  /** Whoever reads has gone, such as head(1): that is no failure, and there is nothing more to do. */
  isClosed = false;

  line(text: string): void {
    this.bytes(Buffer.from(`${text}\n`));
  }

  bytes(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.#size += part.length;
    }
    if (this.#size >= chunkSize) this.flush();
  }

  flush(): void {
    let rest = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    while (rest.length > 0 && !this.isClosed) rest = rest.subarray(this.#write(rest));
  }

  #write(bytes: Uint8Array): number {
    try {
      return writeSync(1, bytes);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') this.isClosed = true;
      else if (code !== 'EAGAIN') throw error;
      // A pipe that somebody else has made non-blocking, and that is full.
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      return 0;
    }
  }
}
