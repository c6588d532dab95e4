// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep } from 'node:timers/promises';

const patience = 500;
const intervalMs = 10;

/** Waits for what comes by itself; throws what `otherwise` says when it has not come in five seconds. */
export async function until(
  condition: () => boolean,
  otherwise = () => 'nothing came',
): Promise<void> {
  for (let waits = 0; !condition(); waits++) {
    if (waits > patience) throw new Error(otherwise());
    await sleep(intervalMs);
  }
}
