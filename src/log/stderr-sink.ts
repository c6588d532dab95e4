// SPDX-License-Identifier: Apache-2.0

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { LogSink } from './logger.js';

const stderr = 2;

/**
 * Writes lines to a descriptor. Nobody may be reading: what cannot be written costs the lines, never the daemon. How
 * many were lost is said as soon as a line gets through again.
 */
export class DescriptorSink implements LogSink {
  readonly #fd: number;
  readonly #write: (fd: number, text: string) => void;
  #lost = 0;

  constructor(fd: number = stderr, write: (fd: number, text: string) => void = writeSync) {
    this.#fd = fd;
    this.#write = write;
  }

  write(line: string): void {
    const notice =
      this.#lost === 0 ? '' : `vfsd: warning: ${this.#lost} lines of this log were lost\n`;
    try {
      this.#write(this.#fd, notice + line);
      this.#lost = 0;
    } catch {
      this.#lost += 1;
    }
  }
}

/**
 * A sink on stderr that does not block where stderr is a pipe or FIFO: that is opened a second time, because O_NONBLOCK
 * belongs to the open file, which the other programs at this pipe share. A socket, as service managers give it, or a
 * terminal stays as it is: one that is closed costs the lines, but one that is full holds up the thread that writes the
 * log, and with it the front-end's messages, until somebody reads. Requests go on: no thread of theirs writes it. Must
 * run before the worker is confined.
 */
export function openStderrSink(): LogSink {
  try {
    if (fstatSync(stderr).isFIFO()) {
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      return new DescriptorSink(openSync(`/proc/self/fd/${stderr}`, flags));
    }
  } catch {
    // Not permitted, or no /proc: then a reader that sleeps holds up the log, as on a socket.
  }
  return new DescriptorSink();
}
