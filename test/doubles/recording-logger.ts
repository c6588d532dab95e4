// SPDX-License-Identifier: Apache-2.0

import type { MessageLevel } from '../../src/log/level.js';
import { LeveledLogger } from '../../src/log/logger.js';

/** Keeps what is logged, as `level: message`. */
export class RecordingLogger extends LeveledLogger {
  readonly lines: string[] = [];

  override log(level: MessageLevel, message: string): void {
    this.lines.push(`${level}: ${message}`);
  }

  /** The lines of a level. */
  at(level: MessageLevel): readonly string[] {
    return this.lines.filter((line) => line.startsWith(`${level}: `));
  }
}
