// SPDX-License-Identifier: Apache-2.0

import type { MessageLevel } from './level.js';
import { LeveledLogger, type Logger } from './logger.js';

/** How much gets through: `burst` messages at once, then one more each `intervalMs`. */
export interface RateLimit {
  readonly burst: number;
  readonly intervalMs: number;
}

/** Enough to see what happens, too little to fill a disk. */
export const defaultRateLimit: RateLimit = { burst: 20, intervalMs: 1000 };

/**
 * A logger for what a guest or a front-end can provoke at will: a flood is cut, and the next message that gets
 * through is preceded by the number of those that did not. Debug and trace pass uncut: who asks for them wants all.
 */
export class RateLimitedLogger extends LeveledLogger {
  readonly #logger: Logger;
  readonly #limit: RateLimit;
  readonly #nowMs: () => number;
  #tokens: number;
  #refilledMs: number;
  #dropped = 0;

  /** @param nowMs a clock in milliseconds that never goes back */
  constructor(
    logger: Logger,
    limit: RateLimit = defaultRateLimit,
    nowMs: () => number = () => performance.now(),
  ) {
    super();
    this.#logger = logger;
    this.#limit = limit;
    this.#nowMs = nowMs;
    this.#tokens = limit.burst;
    this.#refilledMs = nowMs();
  }

  override log(level: MessageLevel, message: string): void {
    if (level === 'debug' || level === 'trace') {
      this.#logger.log(level, message);
      return;
    }
    this.#refill();
    if (this.#tokens === 0) {
      this.#dropped += 1;
      return;
    }
    this.#tokens -= 1;
    this.#reportDropped();
    this.#logger.log(level, message);
  }

  #refill(): void {
    const intervals = Math.floor((this.#nowMs() - this.#refilledMs) / this.#limit.intervalMs);
    if (intervals <= 0) return;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + intervals);
    this.#refilledMs += intervals * this.#limit.intervalMs;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.#logger.warn(`${this.#dropped} messages were left out: too many in a short time`);
    this.#dropped = 0;
  }
}
