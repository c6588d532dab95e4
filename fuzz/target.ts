// SPDX-License-Identifier: Apache-2.0

import type { Tally } from './tally.js';

/** What is fed with seeds, one after the other. */
export interface Target {
  /** All that the seed stands for. Rejects with what is not as it should be. */
  run(seed: number): Promise<void>;
  /** The last steps before a failure, the newest last; whatever else helps to understand it. */
  explain(): string;
  /** Gives back what is kept between seeds. Rejects when that shows a mistake. */
  close(): Promise<void>;
}

export interface TargetKind {
  readonly name: string;
  /** @param tally counts what is tried, beside the seeds */
  readonly open: (tally: Tally) => Target;
}
