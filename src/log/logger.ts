// SPDX-License-Identifier: Apache-2.0

import { formatText, type Formatter } from './formats.js';
import { isShown, type LogLevel, type MessageLevel } from './level.js';
import { toSingleLine, type LogFields } from './record.js';

/** Takes one whole formatted record. Never throws. */
export interface LogSink {
  write(record: string): void;
}

/** Where the modules write their messages to. */
export interface Logger {
  log(level: MessageLevel, message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
}

/** The five methods over a single `log`. */
export abstract class LeveledLogger implements Logger {
  abstract log(level: MessageLevel, message: string, fields?: LogFields): void;

  error(message: string, fields?: LogFields): void {
    this.log('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.log('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.log('debug', message, fields);
  }

  trace(message: string, fields?: LogFields): void {
    this.log('trace', message, fields);
  }
}

/** Writes messages up to a level to a sink, a record each. */
export class SinkLogger extends LeveledLogger {
  readonly #sink: LogSink;
  readonly #format: Formatter;
  #threshold: LogLevel;

  constructor(sink: LogSink, threshold: LogLevel, format: Formatter = formatText) {
    super();
    this.#sink = sink;
    this.#threshold = threshold;
    this.#format = format;
  }

  get threshold(): LogLevel {
    return this.#threshold;
  }

  /** From now on messages up to this level are written. */
  set threshold(level: LogLevel) {
    this.#threshold = level;
  }

  override log(level: MessageLevel, message: string, fields: LogFields = {}): void {
    if (!isShown(level, this.#threshold)) return;
    this.#sink.write(this.#format({ level, message: toSingleLine(message), fields }));
  }
}
