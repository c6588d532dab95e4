// SPDX-License-Identifier: Apache-2.0

import type { DaemonState } from './daemon.js';

/** How often a rate is told, in milliseconds: seldom enough to cost nothing. */
const intervalMs = 10_000;

export interface ActivitySetup {
  /** All requests so far. */
  readonly requests: () => number;
  /** Null: nobody wants to know, and nothing is counted. */
  readonly report: ((state: DaemonState, requestsPerSecond: number) => void) | null;
}

/** Tells how busy the daemon is, while a front-end is connected and somebody listens. */
export class Activity {
  readonly #setup: ActivitySetup;
  #timer: NodeJS.Timeout | null = null;

  constructor(setup: ActivitySetup) {
    this.#setup = setup;
  }

  changed(state: DaemonState): void {
    const { requests, report } = this.#setup;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (report === null) return;
    report(state, 0);
    if (state !== 'connected') return;
    let before = requests();
    this.#timer = setInterval(() => {
      const now = requests();
      report(state, Math.round(((now - before) * 1000) / intervalMs));
      before = now;
    }, intervalMs).unref();
  }
}
