// SPDX-License-Identifier: Apache-2.0

import { OwnedFd } from '../native/owned-fd.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeBinding } from '../native/types.js';
import { VfsdError } from '../errors.js';
import { ReadableWait } from '../vhost-user/readable.js';
import type { Logger } from '../log/logger.js';

/** What a listener needs of the addon. */
export type ListenerBinding = Pick<NativeBinding, 'accept' | 'watchReadable' | 'closeFd'>;

// accept(2): these concern one connection that went away, or a shortage that passes.
const passingFailures = new Set([
  'ECONNABORTED',
  'EPROTO',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
]);
const pauseAfterFailureMs = 200;

/** The listening socket as a source of connections, one at a time: the others wait in its backlog. */
export class Listener {
  readonly #binding: ListenerBinding;
  readonly #socket: OwnedFd;
  readonly #logger: Logger;
  readonly #readable: ReadableWait;
  #isClosed = false;

  /** Takes the socket over. Its file, if it has one, is the launcher's to remove. */
  constructor(binding: ListenerBinding, socket: Fd, logger: Logger) {
    this.#binding = binding;
    this.#socket = new OwnedFd(binding, socket);
    this.#logger = logger;
    this.#readable = new ReadableWait(binding, socket);
  }

  /** The next front-end's socket; null when the listener was closed. Throws when the socket is of no use any more. */
  async accept(): Promise<OwnedFd | null> {
    while (!this.#isClosed) {
      const accepted = this.#binding.accept(this.#socket.fd);
      if (isSystemFailure(accepted)) {
        if (!passingFailures.has(accepted.code)) {
          throw new VfsdError('VFSD_NATIVE_CALL', 'accept a front-end', { answer: accepted });
        }
        this.#logger.warn(`a front-end could not connect: ${describeFailure(accepted)}`);
        await new Promise((resolve) => setTimeout(resolve, pauseAfterFailureMs));
      } else if (accepted !== null) {
        return new OwnedFd(this.#binding, accepted);
      } else {
        await this.#readable.wait();
      }
    }
    return null;
  }

  /** Ends the wait for a front-end, and closes the socket. */
  close(): void {
    this.#isClosed = true;
    this.#readable.cancel();
    this.#socket.close();
  }
}
