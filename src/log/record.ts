// SPDX-License-Identifier: Apache-2.0

import type { MessageLevel } from './level.js';

/** What a message is about, apart from its text: names in camelCase. `errno` is the number of a system's answer. */
export type LogFields = Readonly<Record<string, string | number>>;

export interface LogRecord {
  readonly level: MessageLevel;
  /** One harmless line. */
  readonly message: string;
  readonly fields: LogFields;
}

/** What all records of a process have in common. */
export interface LogContext {
  readonly sharedDir: string;
  readonly tag: string | null;
}

// A guest or a front-end has a part in some messages: no line breaks, no terminal escapes.
// eslint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Makes a text one harmless line. */
export function toSingleLine(text: string): string {
  return text.replace(controlCharacters, '\u{fffd}');
}
