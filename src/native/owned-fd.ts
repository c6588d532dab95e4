// SPDX-License-Identifier: Apache-2.0

import type { Fd, NativeBinding } from './types.js';

/** What {@link OwnedFd} needs to close a descriptor. */
export type FdCloser = Pick<NativeBinding, 'closeFd'>;

/**
 * A file descriptor with exactly one owner. It is closed once, by `close()`, by the end of a `using` block, or by
 * whoever calls `take()`.
 */
export class OwnedFd {
  readonly #closer: FdCloser;
  #fd: Fd | null;

  constructor(closer: FdCloser, fd: Fd) {
    this.#closer = closer;
    this.#fd = fd;
  }

  /** The descriptor, still owned by this object. Throws when it is gone: that is a mistake of the program. */
  get fd(): Fd {
    if (this.#fd === null) throw new Error('this descriptor was closed or given away');
    return this.#fd;
  }

  /** Gives the descriptor away: from now on the caller must close it. */
  take(): Fd {
    const fd = this.fd;
    this.#fd = null;
    return fd;
  }

  /** Closes the descriptor if it is still here. */
  close(): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    this.#closer.closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
