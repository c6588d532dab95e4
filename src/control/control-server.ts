// SPDX-License-Identifier: Apache-2.0

import type { Listener } from '../daemon/listener.js';
import type { Logger } from '../log/logger.js';
import { OwnedFd } from '../native/owned-fd.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { NativeBinding } from '../native/types.js';
import { ReadableWait } from '../vhost-user/readable.js';
import { longestRequest, parseRequest, type HttpRequest } from './http-request.js';
import { encodeResponse, plain, type HttpResponse } from './http-response.js';

/** What a control server needs of the addon. */
export type ControlBinding = Pick<NativeBinding, 'receive' | 'send' | 'watchReadable' | 'closeFd'>;

export interface ControlSetup {
  readonly binding: ControlBinding;
  readonly listener: Pick<Listener, 'accept' | 'close'>;
  readonly logger: Logger;
  readonly answer: (request: HttpRequest) => HttpResponse;
  readonly patienceMs?: number;
}

/** More clients at once wait in the socket's backlog. */
const mostClients = 8;
/** How long a client may take for its request. */
const defaultPatienceMs = 5000;

/** Answers on the control socket, one request a connection. What a client does wrong costs its connection only. */
export class ControlServer {
  readonly #setup: ControlSetup;
  readonly #waits = new Set<ReadableWait>();
  #clients = 0;
  #clientLeft: () => void = () => undefined;
  #isClosed = false;

  constructor(setup: ControlSetup) {
    this.#setup = setup;
  }

  /** Serves clients until {@link close}. Never rejects. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const socket = await this.#setup.listener.accept();
        if (socket === null) return;
        void this.#serve(socket);
        if (this.#clients >= mostClients) {
          await new Promise<void>((resolve) => {
            this.#clientLeft = resolve;
          });
        }
      }
    } catch (error) {
      // Shares are served all the same.
      this.#setup.logger.error(`the control socket is of no use any more: ${textOf(error)}`);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#setup.listener.close();
    for (const wait of this.#waits) wait.cancel();
    this.#clientLeft();
  }

  async #serve(socket: OwnedFd): Promise<void> {
    this.#clients += 1;
    const wait = new ReadableWait(this.#setup.binding, socket.fd);
    this.#waits.add(wait);
    if (this.#isClosed) wait.cancel();
    const patience = setTimeout(() => {
      wait.cancel();
    }, this.#setup.patienceMs ?? defaultPatienceMs);
    try {
      const response = await this.#read(socket, wait);
      if (response !== null) this.#send(socket, response);
    } finally {
      clearTimeout(patience);
      this.#waits.delete(wait);
      socket.close();
      this.#clients -= 1;
      this.#clientLeft();
    }
  }

  /** The answer to the client's request; null: it has made none. */
  async #read(socket: OwnedFd, wait: ReadableWait): Promise<HttpResponse | null> {
    const buffer = new Uint8Array(longestRequest);
    for (let length = 0; ;) {
      // Nobody has a reason to send descriptors: they are closed, and the client with them.
      const received = this.#setup.binding.receive(socket.fd, longestRequest - length, 0);
      if (isSystemFailure(received)) return null;
      if (received === null) {
        if (!(await wait.wait())) return null;
        continue;
      }
      if (received.data.byteLength === 0) return null;
      buffer.set(received.data, length);
      length += received.data.byteLength;
      const parsed = parseRequest(buffer.subarray(0, length));
      if (parsed.kind === 'bad') return plain(parsed.status);
      if (parsed.kind === 'complete') return this.#answer(parsed.request);
    }
  }

  #answer(request: HttpRequest): HttpResponse {
    try {
      return this.#setup.answer(request);
    } catch (error) {
      // A mistake in this program, met by one client: it must not end the share.
      this.#setup.logger.error(`a question on the control socket failed: ${textOf(error)}`);
      return plain(500);
    }
  }

  #send(socket: OwnedFd, response: HttpResponse): void {
    const failure = this.#setup.binding.send(socket.fd, encodeResponse(response), []);
    if (failure !== undefined) {
      this.#setup.logger.debug(
        `an answer on the control socket was lost: ${describeFailure(failure)}`,
      );
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
