// SPDX-License-Identifier: Apache-2.0

import type { Fd, NativeBinding, ReadableWatch } from '../native/types.js';

/**
 * Waits for a descriptor to become readable, one wait at a time. The watch exists only while somebody waits: it
 * reports a level, so it would fire without end while a message is being served.
 */
export class ReadableWait {
  readonly #binding: Pick<NativeBinding, 'watchReadable'>;
  readonly #fd: Fd;
  #waiting: {
    readonly watch: ReadableWatch;
    readonly resolve: (readable: boolean) => void;
  } | null = null;
  #isCancelled = false;

  /** Does not own the descriptor; call {@link cancel} before closing it. */
  constructor(binding: Pick<NativeBinding, 'watchReadable'>, fd: Fd) {
    this.#binding = binding;
    this.#fd = fd;
  }

  /** Resolves to true when the descriptor is readable, to false when the wait was cancelled. */
  wait(): Promise<boolean> {
    if (this.#isCancelled) return Promise.resolve(false);
    return new Promise((resolve) => {
      const watch = this.#binding.watchReadable(this.#fd, () => {
        this.#finish(true);
      });
      this.#waiting = { watch, resolve };
    });
  }

  /** Ends the wait that is under way and all later ones. */
  cancel(): void {
    this.#isCancelled = true;
    this.#finish(false);
  }

  #finish(readable: boolean): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    waiting.watch.close();
    waiting.resolve(readable);
  }
}
