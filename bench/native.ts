// SPDX-License-Identifier: Apache-2.0

/** The contract with the benchmark's own native part, and its only loader. */

import { createRequire } from 'node:module';
import { projectRoot, type MemoryRegion } from '../test/device/native.js';

export interface NullRing {
  readonly index: number;
  readonly size: number;
  /** The front-end's addresses. */
  readonly descriptors: bigint;
  readonly available: bigint;
  readonly used: bigint;
  /** Duplicated. */
  readonly kickFd: number;
  readonly callFd: number;
}

/**
 * vfsd's own engine, threads and decoder in this process, over a file system that answers everything from constants:
 * what a request costs before the first system call for it.
 */
export interface NullDevice {
  /** Both throw when the device refuses. */
  setMemory(regions: readonly MemoryRegion[]): void;
  startRing(ring: NullRing): void;
  /** Stops all rings and ends the threads. */
  close(): void;
}

export interface DirectOptions {
  readonly kind: DirectKind;
  /** The share as the daemons get it. */
  readonly share: string;
  readonly durationMs: number;
  /** Bytes of one read or write. */
  readonly block?: number;
}

/** What a daemon cannot do without for one operation of a workload, as system calls in a loop. */
export type DirectKind =
  | 'getattr'
  | 'setattr-mode'
  | 'setattr-times'
  | 'statfs'
  | 'getxattr'
  | 'getxattr-missing'
  | 'open'
  | 'lookup-known'
  | 'lookup-missing'
  | 'create'
  | 'mkdir'
  | 'symlink'
  | 'rename'
  | 'read-random'
  | 'read-sequential'
  | 'write-random'
  | 'write-sequential'
  | 'readdirplus';

export interface DirectResult {
  readonly operations: number;
  readonly elapsedNs: number;
  /** Of the thread that ran the loop. */
  readonly cpuNs: number;
  /** Of the calls that count; the loop makes no other. */
  readonly calls: number;
  readonly failure: string | null;
}

export interface BenchBinding {
  readonly NullDevice: new (requestQueues: number) => NullDevice;
  runDirect(options: DirectOptions): DirectResult;
}

export const benchNative = createRequire(import.meta.url)(
  `${projectRoot}/build/Release/vfsd_bench.node`,
) as BenchBinding;
