// SPDX-License-Identifier: Apache-2.0

/**
 * Framing: a connected socket as a sequence of messages. Knows headers, sizes and descriptors, and nothing of what
 * the requests mean.
 */

import { OwnedFd } from '../native/owned-fd.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { NativeBinding } from '../native/types.js';
import { FramingError } from './front-end-error.js';
import { Message } from './message.js';
import { PayloadReader } from './payload.js';
import {
  HeaderFlag,
  headerSize,
  maxFdsPerMessage,
  maxPayloadSize,
  requestName,
} from './protocol.js';
import { ReadableWait } from './readable.js';

/** What a connection needs of the addon. */
export type SocketBinding = Pick<NativeBinding, 'receive' | 'send' | 'watchReadable' | 'closeFd'>;

interface Header {
  readonly request: number;
  readonly flags: number;
  readonly size: number;
}

function decodeHeader(bytes: Uint8Array): Header {
  const reader = new PayloadReader(bytes);
  const header = { request: reader.u32(), flags: reader.u32(), size: reader.u32() };
  const name = requestName(header.request);
  if ((header.flags & HeaderFlag.VERSION_MASK) !== HeaderFlag.VERSION) {
    throw new FramingError(
      `${name}: the header's flags 0x${header.flags.toString(16)} do not say version 1`,
    );
  }
  if ((header.flags & HeaderFlag.REPLY) !== 0) {
    throw new FramingError(`${name}: the front-end sent an answer where a request is due`);
  }
  if (header.size > maxPayloadSize) {
    throw new FramingError(
      `${name}: a payload of ${header.size} bytes is longer than ${maxPayloadSize}`,
    );
  }
  return header;
}

/** The front-end's connection. Owns the socket. */
export class Connection {
  readonly #binding: SocketBinding;
  readonly #socket: OwnedFd;
  readonly #readable: ReadableWait;
  #isClosed = false;

  constructor(binding: SocketBinding, socket: OwnedFd) {
    this.#binding = binding;
    this.#socket = socket;
    this.#readable = new ReadableWait(binding, socket.fd);
  }

  /**
   * The messages, until the front-end closes the connection or {@link close} is called. Each message's descriptors
   * belong to the consumer. Throws FramingError for a stream that cannot be understood or that fails.
   */
  async *messages(): AsyncGenerator<Message, void, void> {
    for (;;) {
      const message = await this.#readMessage();
      if (message === null) return;
      yield message;
    }
  }

  /**
   * Answers a request. Throws FramingError when the front-end does not take the answer. After {@link close} there is
   * nobody to answer: the reader gets the end next.
   */
  reply(request: number, payload: Uint8Array): void {
    if (this.#isClosed) return;
    const message = new Uint8Array(headerSize + payload.byteLength);
    const view = new DataView(message.buffer);
    view.setUint32(0, request, true);
    view.setUint32(4, HeaderFlag.VERSION | HeaderFlag.REPLY, true);
    view.setUint32(8, payload.byteLength, true);
    message.set(payload, headerSize);
    const failure = this.#binding.send(this.#socket.fd, message, []);
    if (failure !== undefined) {
      throw new FramingError(`${requestName(request)}: cannot answer: ${describeFailure(failure)}`);
    }
  }

  /** Closes the socket; a reader that waits gets the end. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#readable.cancel();
    this.#socket.close();
  }

  /** Null: the connection ended between two messages. */
  async #readMessage(): Promise<Message | null> {
    const fds: OwnedFd[] = [];
    let message: Message | null = null;
    try {
      const headerBytes = await this.#readExactly(headerSize, fds);
      if (headerBytes === null) return null;
      const header = decodeHeader(headerBytes);
      const payload = await this.#readExactly(header.size, fds);
      if (payload === null) {
        if (this.#isClosed) return null;
        throw new FramingError(
          `${requestName(header.request)}: the connection ended before the payload`,
        );
      }
      message = new Message(header.request, header.flags, payload, fds);
      return message;
    } finally {
      if (message === null) for (const fd of fds) fd.close();
    }
  }

  /** Null: the connection ended before the first byte. */
  async #readExactly(length: number, fds: OwnedFd[]): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const chunk = await this.#receive(length - filled, fds);
      if (chunk === null) return null;
      if (chunk.byteLength === 0) {
        if (filled === 0) return null;
        throw new FramingError(`the connection ended after ${filled} of ${length} bytes`);
      }
      bytes.set(chunk, filled);
      filled += chunk.byteLength;
    }
    return bytes;
  }

  /** Some bytes; none at the end of the stream; null when this side has closed the connection. */
  async #receive(length: number, fds: OwnedFd[]): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#isClosed) return null;
      const received = this.#binding.receive(
        this.#socket.fd,
        length,
        maxFdsPerMessage - fds.length,
      );
      if (isSystemFailure(received)) {
        throw new FramingError(`cannot receive: ${describeFailure(received)}`);
      }
      if (received !== null) {
        for (const fd of received.fds) fds.push(new OwnedFd(this.#binding, fd));
        return received.data;
      }
      if (!(await this.#readable.wait())) return null;
    }
  }
}
