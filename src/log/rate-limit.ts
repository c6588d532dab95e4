// SPDX-License-Identifier: Apache-2.0

import type { MessageLevel } from './level.js';
import { LeveledLogger, type Logger } from './logger.js';
import type { LogFields } from './record.js';

/** How much gets through: `burst` messages at once, then one more each `intervalMs`. */
export interface RateLimit {
  readonly burst: number;
  readonly intervalMs: number;
}

/** Enough to see what happens, too little to fill a disk. */
export const defaultRateLimit: RateLimit = { burst: 20, intervalMs: 1000 };

/** What the limit goes by. */
export interface Clock {
  /** Milliseconds; never goes back. */
  nowMs(): number;
  /** Calls back once, no sooner than that, and keeps no process alive for it. */
  after(milliseconds: number, callback: () => void): void;
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (milliseconds, callback) => {
    setTimeout(callback, milliseconds).unref();
  },
};

/**
 * A logger for what a guest or a front-end can provoke at will: a flood is cut, and the number of messages that did
 * not get through is told with the next one that does, or when the flood is over. Debug and trace pass uncut: who asks
 * for them wants all.
 */
export class RateLimitedLogger extends LeveledLogger {
  readonly #logger: Logger;
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  #tokens: number;
  #refilledMs: number;
  #dropped = 0;
  #willReport = false;

  constructor(logger: Logger, limit: RateLimit = defaultRateLimit, clock: Clock = systemClock) {
    super();
    this.#logger = logger;
    this.#limit = limit;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#refilledMs = clock.nowMs();
  }

  override log(level: MessageLevel, message: string, fields?: LogFields): void {
    if (level === 'debug' || level === 'trace') {
      this.#logger.log(level, message, fields);
      return;
    }
    this.#refill();
    if (this.#tokens === 0) {
      this.#dropped += 1;
      this.#reportLater();
      return;
    }
    this.#tokens -= 1;
    this.#reportDropped();
    this.#logger.log(level, message, fields);
  }

  #refill(): void {
    const intervals = Math.floor((this.#clock.nowMs() - this.#refilledMs) / this.#limit.intervalMs);
    if (intervals <= 0) return;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + intervals);
    this.#refilledMs += intervals * this.#limit.intervalMs;
  }

  #reportLater(): void {
    if (this.#willReport) return;
    this.#willReport = true;
    this.#clock.after(this.#limit.intervalMs, () => {
      this.#willReport = false;
      this.#refill();
      if (this.#tokens > 0) {
        this.#tokens -= this.#dropped > 0 ? 1 : 0;
        this.#reportDropped();
      } else if (this.#dropped > 0) {
        // A timer may be early, by the clock that counts.
        this.#reportLater();
      }
    });
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.#logger.warn(`${this.#dropped} messages were left out: too many in a short time`);
    this.#dropped = 0;
  }
}
