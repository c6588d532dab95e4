// SPDX-License-Identifier: Apache-2.0

import type { OwnedFd } from '../native/owned-fd.js';
import { FrontEndError } from './front-end-error.js';
import { HeaderFlag } from './protocol.js';

/**
 * One message of the front-end with the descriptors that came with it. A handler takes those it keeps; the session
 * closes the rest when the message has been served.
 */
export class Message {
  readonly request: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  readonly #fds: OwnedFd[];

  constructor(request: number, flags: number, payload: Uint8Array, fds: OwnedFd[]) {
    this.request = request;
    this.flags = flags;
    this.payload = payload;
    this.#fds = fds;
  }

  /** The front-end asks for an acknowledgement; counts only when REPLY_ACK was negotiated. */
  get needsReply(): boolean {
    return (this.flags & HeaderFlag.NEED_REPLY) !== 0;
  }

  /** Takes over all descriptors; refuses the message unless there are exactly `count`. */
  takeFds(count: number): OwnedFd[] {
    if (this.#fds.length !== count) {
      throw new FrontEndError(
        `the message came with ${this.#fds.length} file descriptors instead of ${count}`,
      );
    }
    return this.#fds.splice(0);
  }

  /** Takes over the message's only descriptor. */
  takeFd(): OwnedFd {
    const [fd] = this.takeFds(1);
    if (fd === undefined) throw new Error('takeFds(1) returned nothing');
    return fd;
  }

  /** Closes the descriptors that nobody took. */
  closeFds(): void {
    for (const fd of this.#fds.splice(0)) fd.close();
  }
}
