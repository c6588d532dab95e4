// SPDX-License-Identifier: Apache-2.0

import { isShown, type LogLevel, type MessageLevel } from './level.js';

/** Takes one whole line, newline included. Never throws. */
export interface LogSink {
  write(line: string): void;
}

const prefixes: Readonly<Record<MessageLevel, string>> = {
  error: 'vfsd: error: ',
  warn: 'vfsd: warning: ',
  info: 'vfsd: ',
  debug: 'vfsd: debug: ',
  trace: 'vfsd: trace: ',
};

// A guest or a front-end has a part in some messages: no line breaks, no terminal escapes.
// eslint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Makes a message one harmless line. */
export function toSingleLine(message: string): string {
  return message.replace(controlCharacters, '\u{fffd}');
}

/** Where the modules write their messages to. */
export interface Logger {
  log(level: MessageLevel, message: string): void;
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
  trace(message: string): void;
}

/** The five methods over a single `log`. */
export abstract class LeveledLogger implements Logger {
  abstract log(level: MessageLevel, message: string): void;

  error(message: string): void {
    this.log('error', message);
  }

  warn(message: string): void {
    this.log('warn', message);
  }

  info(message: string): void {
    this.log('info', message);
  }

  debug(message: string): void {
    this.log('debug', message);
  }

  trace(message: string): void {
    this.log('trace', message);
  }
}

/** Writes messages up to a level to a sink, one line each. */
export class LineLogger extends LeveledLogger {
  readonly #sink: LogSink;
  readonly #threshold: LogLevel;

  constructor(sink: LogSink, threshold: LogLevel) {
    super();
    this.#sink = sink;
    this.#threshold = threshold;
  }

  override log(level: MessageLevel, message: string): void {
    if (!isShown(level, this.#threshold)) return;
    this.#sink.write(`${prefixes[level]}${toSingleLine(message)}\n`);
  }
}
