// SPDX-License-Identifier: Apache-2.0

import { isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeBinding } from '../native/types.js';
import type { LogSink } from './logger.js';

/**
 * Sends each record as a datagram, to the journal or to syslog. What cannot be sent goes to the other sink as it is: the
 * service may have been started again, and the confined worker cannot connect to it a second time.
 */
export class SocketSink implements LogSink {
  readonly #binding: Pick<NativeBinding, 'send'>;
  readonly #socket: Fd;
  readonly #otherwise: LogSink;

  constructor(binding: Pick<NativeBinding, 'send'>, socket: Fd, otherwise: LogSink) {
    this.#binding = binding;
    this.#socket = socket;
    this.#otherwise = otherwise;
  }

  write(record: string): void {
    const failure = this.#binding.send(this.#socket, Buffer.from(record), []);
    if (!isSystemFailure(failure)) return;
    const lines = record.endsWith('\n') ? record : `${record}\n`;
    this.#otherwise.write(`vfsd: ${lines.replaceAll('\n', ' ').trimEnd()}\n`);
  }
}
