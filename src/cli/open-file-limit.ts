// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { VfsdError } from '../errors.js';
import type { ResourceLimit } from '../native/types.js';
import { Capability, hasCapability } from '../sandbox/capabilities.js';
import { smallestOpenFileLimit, type DeviceThreads } from '../daemon/open-file-budget.js';

const plenty = 1_000_000n;

export interface OpenFileRequest {
  /** `--rlimit-nofile`; null: not given; 0: leave the limit. */
  readonly wanted: number | null;
  readonly threads: DeviceThreads;
  readonly current: ResourceLimit;
  /** What any process may have at most: /proc/sys/fs/nr_open. */
  readonly systemLimit: bigint;
  /** The capabilities of this process. */
  readonly capabilities: bigint;
}

/** The limit to set, or 0 to leave it. Throws VFSD_LIMIT_NOFILE when it is not possible or too small to work with. */
export function chooseOpenFileLimit(request: OpenFileRequest): number {
  const { wanted, current, systemLimit } = request;
  const isUnbound = hasCapability(request.capabilities, Capability.SYS_RESOURCE);
  const reachable = isUnbound ? systemLimit : lesser(systemLimit, current.hard);
  const chosen = wanted ?? Number(lesser(plenty, reachable));
  if (BigInt(chosen) > reachable) {
    throw new VfsdError('VFSD_LIMIT_NOFILE', String(chosen), {
      answer: `at most ${reachable} are possible here`,
    });
  }
  checkEnough(chosen === 0 ? current.soft : BigInt(chosen), request.threads);
  return chosen;
}

/** What the system allows at most. */
export function readSystemOpenFileLimit(): bigint {
  return BigInt(readFileSync('/proc/sys/fs/nr_open', 'utf8').trim());
}

function checkEnough(limit: bigint, threads: DeviceThreads): void {
  const least = smallestOpenFileLimit(threads);
  if (limit >= BigInt(least)) return;
  throw new VfsdError('VFSD_LIMIT_NOFILE', `only ${limit}`, {
    answer: `the daemon needs ${least} with ${threads.requestQueues} request queues and ${threads.threadPoolSize} more threads`,
    hint: 'raise --rlimit-nofile or the hard limit, or lower --num-request-queues or --thread-pool-size',
  });
}

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
