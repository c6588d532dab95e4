// SPDX-License-Identifier: Apache-2.0

import type { DeviceMetrics } from '../native/device-metrics.js';

/** What `GET /stat` answers, and `vfsd stat --json` prints. */
export interface Status extends DeviceMetrics {
  readonly version: string;
  readonly sharedDir: string;
  readonly tag: string | null;
  readonly connected: boolean;
  readonly logLevel: string;
  /** Since the daemon accepts front-ends. */
  readonly uptimeSeconds: number;
}

/** Buckets and requests of several opcodes as one. */
export function totalOf(status: Pick<DeviceMetrics, 'opcodes' | 'bucketEndsNs'>): {
  readonly requests: number;
  readonly buckets: readonly number[];
} {
  const buckets = new Array<number>(status.bucketEndsNs.length + 1).fill(0);
  let requests = 0;
  for (const opcode of status.opcodes) {
    requests += opcode.requests;
    opcode.buckets.forEach((count, index) => {
      buckets[index] = (buckets[index] ?? 0) + count;
    });
  }
  return { requests, buckets };
}

/**
 * The duration that a share of the requests did not exceed, in nanoseconds, by the bucket that it lies in; null: there
 * were no requests.
 */
export function quantile(
  buckets: readonly number[],
  endsNs: readonly number[],
  share: number,
): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = total * share;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= wanted) {
      const begin = index === 0 ? 0 : (endsNs[index - 1] ?? 0);
      const end = endsNs[index];
      // Nothing is known of how far the last one reaches.
      return end === undefined ? begin : begin + ((end - begin) * (wanted - below)) / count;
    }
    below += count;
  }
  return endsNs.at(-1) ?? null;
}
