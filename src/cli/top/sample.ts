// SPDX-License-Identifier: Apache-2.0

import { quantile, totalOf, type Status } from '../../metrics/status.js';

/** What one share did between two looks at it. */
export interface ShareRates {
  readonly name: string;
  /** Null: the daemon did not answer. */
  readonly connected: boolean | null;
  readonly requests: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly errors: number;
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  readonly inProgress: number;
  /** Requests a second at each look, the newest last. */
  readonly history: readonly number[];
}

/** As many looks as the widest sparkline shows. */
const longestHistory = 60;

/** One share, looked at again and again. */
export class ShareSamples {
  readonly #socket: string;
  #name: string;
  #last: { readonly status: Status; readonly atMs: number } | null = null;
  #history: readonly number[] = [];

  constructor(socket: string) {
    this.#socket = socket;
    this.#name = socket;
  }

  get socket(): string {
    return this.#socket;
  }

  /** @param status null: there was no answer */
  add(status: Status | null, atMs: number): ShareRates {
    const last = this.#last;
    this.#last = status === null ? null : { status, atMs };
    if (status !== null) this.#name = status.tag ?? status.sharedDir;
    // A daemon that was started again has counted from zero.
    const isSame =
      status !== null && last !== null && status.uptimeSeconds >= last.status.uptimeSeconds;
    const rates = isSame ? between(last.status, status, (atMs - last.atMs) / 1000) : nothing;
    this.#history = [...this.#history, rates.requests].slice(-longestHistory);
    return {
      ...rates,
      name: this.#name,
      connected: status?.connected ?? null,
      inProgress: status?.queues.reduce((sum, queue) => sum + queue.inProgress, 0) ?? 0,
      history: this.#history,
    };
  }
}

type Rates = Omit<ShareRates, 'name' | 'connected' | 'inProgress' | 'history'>;

const nothing: Rates = {
  requests: 0,
  readBytes: 0,
  writtenBytes: 0,
  errors: 0,
  p50Ns: null,
  p99Ns: null,
};

function between(before: Status, after: Status, seconds: number): Rates {
  const [first, last] = [totalOf(before), totalOf(after)];
  const buckets = last.buckets.map((count, index) => count - (first.buckets[index] ?? 0));
  const errorsOf = ({ errors }: Status): number =>
    errors.reduce((sum, { count }) => sum + count, 0);
  const rate = (from: number, to: number): number => (seconds > 0 ? (to - from) / seconds : 0);
  return {
    requests: rate(first.requests, last.requests),
    readBytes: rate(before.readBytes, after.readBytes),
    writtenBytes: rate(before.writtenBytes, after.writtenBytes),
    errors: rate(errorsOf(before), errorsOf(after)),
    p50Ns: quantile(buckets, after.bucketEndsNs, 0.5),
    p99Ns: quantile(buckets, after.bucketEndsNs, 0.99),
  };
}
