// SPDX-License-Identifier: Apache-2.0

/** The contract with the front-end's native part, and its only loader. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One slot of guest memory, as it goes into a memory table. */
export interface MemoryRegion {
  readonly guestAddress: number;
  readonly size: number;
  readonly frontendAddress: bigint;
  /** Stays open and mapped until the region is removed. */
  readonly fd: number;
}

export interface GuestMemory {
  add(guestAddress: number, size: number): MemoryRegion;
  remove(guestAddress: number): boolean;
  /** Throws when a byte is not in memory. Regions that are adjacent for the guest can be written across. */
  write(guestAddress: number, bytes: Uint8Array): void;
  read(guestAddress: number, size: number): Buffer;
}

export interface RingLayout {
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  readonly eventIdx: boolean;
  readonly startIndex: number;
}

export interface UsedElement {
  readonly id: number;
  readonly length: number;
}

/** The driver's side of a split virtqueue. Its descriptors are closed when it is collected. */
export interface DriverRing {
  readonly kickFd: number;
  readonly callFd: number;
  readonly errorFd: number;
  readonly usedIndex: number;
  /** Puts a chain into the avail ring; {@link expose} makes it visible. */
  publish(head: number): void;
  /** Kicks if the device wants it, and says whether it did. */
  expose(): boolean;
  forceAvailIndex(index: number): void;
  kick(): void;
  pop(): UsedElement | null;
  /** Waits for a used element; false after the time. */
  wait(timeoutMs: number): boolean;
  /** Waits for the device to give the ring up; false after the time. */
  waitError(timeoutMs: number): boolean;
}

export interface WorkloadOptions {
  readonly memory: GuestMemory;
  /** Guest address from which on the workload may use memory. */
  readonly base: number;
  readonly ring: DriverRing;
  readonly hiprio: DriverRing;
  readonly depth: number;
  readonly durationMs: number;
  readonly maxOperations?: number;
  /** How long to look for an answer before sleeping. */
  readonly spinNs?: number;
  readonly kind: WorkloadKind;
  readonly node?: bigint;
  readonly handle?: bigint;
  readonly name?: string;
  readonly size?: number;
  readonly block?: number;
  readonly inode?: bigint;
  /** The guest's user, and group, who makes files. */
  readonly caller?: number;
}

export type WorkloadKind =
  | 'getattr'
  | 'lookup-known'
  | 'lookup-first'
  | 'lookup-missing'
  | 'create'
  | 'read-random'
  | 'read-sequential'
  | 'write-random'
  | 'write-sequential'
  | 'readdirplus'
  | 'walk';

export interface WorkloadResult {
  readonly operations: number;
  readonly requests: number;
  readonly elapsedNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly kicks: number;
  readonly calls: number;
  /** The first wrong reply, in words. */
  readonly failure: string | null;
}

/**
 * A mounted file system in which every name is a file of a mebibyte whose READs are answered when the test says so:
 * with it, "while a request sleeps" is a state and not a race.
 */
export interface HeldFileSystem {
  /** Waits until so many READs are held; false after the time. */
  waitHeld(count: number, timeoutMs: number): boolean;
  /** Answers what is held, and lets later READs pass. */
  release(): void;
  /** Unmounts. */
  close(): void;
}

export interface FrontEndBinding {
  readonly GuestMemory: new () => GuestMemory;
  readonly DriverRing: new (memory: GuestMemory, layout: RingLayout) => DriverRing;
  /** Throws where the caller may not mount. */
  readonly HeldFileSystem: new (mountPoint: string) => HeldFileSystem;
  /** A connected descriptor, or a negative errno; so with the others. */
  connect(path: string): number;
  listen(path: string): number;
  send(fd: number, bytes: Uint8Array, fds: readonly number[]): number;
  /** Empty at the end of the stream. */
  receive(fd: number, size: number, timeoutMs: number): Buffer | number;
  closeFd(fd: number): number;
  /** Locks a file for the host itself. The descriptor holds it; a negative errno says why there is none. */
  lockFile(path: string, kind: 'range' | 'whole', start?: number, length?: number): number;
  memfd(size: number): number;
  setAffinity(tid: number, cpus: readonly number[]): number;
  runWorkload(options: WorkloadOptions): WorkloadResult;
}

/** The directory that holds build/ and bin/: the tests run from sources, the benchmark from a bundle in dist/. */
export const projectRoot = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '..' : '../..', import.meta.url),
);

export const native = createRequire(import.meta.url)(
  `${projectRoot}/build/Release/vfsd_frontend.node`,
) as FrontEndBinding;
