// SPDX-License-Identifier: Apache-2.0

/** What the data plane tells about its work, as the addon answers it. */

/** A request that took longer than `slowRequestNs` of the device setup. */
export interface SlowRequest {
  readonly opcode: string;
  readonly queue: number;
  /** Its thread left the queue to another one, because it had to wait for the host. */
  readonly slept: boolean;
  /** 0: it went well. */
  readonly errno: number;
  readonly node: bigint;
  readonly nanoseconds: number;
}

/** What the data threads have counted since they began, and what the guest makes the daemon hold. */
export interface DeviceMetrics {
  /** Where the buckets of durations end, but for the last one, which does not. */
  readonly bucketEndsNs: readonly number[];
  /** Those that there were. Requests of opcodes that vfsd does not have are `OTHER`. */
  readonly opcodes: readonly {
    readonly opcode: string;
    readonly requests: number;
    /** All together. */
    readonly nanoseconds: number;
    readonly buckets: readonly number[];
  }[];
  readonly errors: readonly { readonly errno: number; readonly count: number }[];
  /** By index. */
  readonly queues: readonly {
    readonly requests: number;
    readonly inProgress: number;
    readonly pollsFound: number;
    readonly pollsMissed: number;
    readonly sleeps: number;
    readonly ringErrors: number;
  }[];
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly slowRequestsLost: number;
  readonly inodes: number;
  readonly openFiles: number;
  readonly openDirectories: number;
  readonly descriptors: number;
  readonly descriptorLimit: number;
}
