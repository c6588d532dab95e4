// SPDX-License-Identifier: Apache-2.0

/** Threads that want all the CPU they can get, and count how far they come. */

import { Worker } from 'node:worker_threads';

const program = `
  const { workerData, parentPort } = require('node:worker_threads');
  parentPort.postMessage('runs');
  for (;;) Atomics.add(workerData.counters, workerData.index, 1n);
`;

export class BusyThreads {
  readonly #counters: BigInt64Array;
  readonly #workers: readonly Worker[];

  private constructor(counters: BigInt64Array, workers: readonly Worker[]) {
    this.#counters = counters;
    this.#workers = workers;
  }

  /** Resolves when all of them run. */
  static async start(count: number): Promise<BusyThreads> {
    // A cache line for each.
    const counters = new BigInt64Array(new SharedArrayBuffer(count * 64));
    const workers = Array.from(
      { length: count },
      (_, index) => new Worker(program, { eval: true, workerData: { counters, index: index * 8 } }),
    );
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve) => {
            worker.once('message', resolve);
          }),
      ),
    );
    return new BusyThreads(counters, workers);
  }

  /** How often all of them together have gone round. */
  progress(): number {
    return this.#counters.reduce((sum, count) => sum + Number(count), 0);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
