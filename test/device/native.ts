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

/** What one operation needs; which of it counts depends on the kind. */
export interface WorkloadParameters {
  readonly kind: WorkloadKind;
  readonly node?: bigint;
  readonly handle?: bigint;
  /** Of the file, or what names begin with. */
  readonly name?: string;
  /** Of the file, or the number of names. */
  readonly size?: number;
  readonly block?: number;
  readonly inode?: bigint;
  /** The guest's user, and group, who makes files. */
  readonly caller?: number;
  /** One for each slot, or all that are meant. */
  readonly nodes?: readonly bigint[];
}

export interface WorkloadOptions extends WorkloadParameters {
  readonly memory: GuestMemory;
  /** Guest address from which on the workload may use memory: 4 MiB, and 1 MiB and 16 KiB for each of its slots. */
  readonly base: number;
  readonly ring: DriverRing;
  readonly hiprio: DriverRing;
  readonly depth: number;
  readonly durationMs: number;
  readonly maxOperations?: number;
  /** How long to look for an answer before sleeping. */
  readonly spinNs?: number;
  /** How data lies in guest memory (contiguous), and in how many descriptors. */
  readonly pages?: PageLayout;
  /** One operation of this is under way all the time, on the same ring, and does not count. */
  readonly neighbour?: WorkloadParameters;
  /** Of the thread that a run of several has. */
  readonly cpu?: number;
}

/** Pages of 4 KiB side by side, with a descriptor each; the same in no order; side by side, with one descriptor. */
export type PageLayout = 'contiguous' | 'scattered' | 'single';

export type WorkloadKind =
  | 'getattr'
  | 'setattr-mode'
  | 'setattr-times'
  | 'statfs'
  | 'getxattr'
  | 'open'
  | 'lookup-known'
  | 'lookup-first'
  | 'lookup-missing'
  | 'forget'
  | 'create'
  | 'storm'
  | 'mkdir'
  | 'symlink'
  | 'rename'
  | 'read-random'
  | 'read-sequential'
  | 'read-unknown'
  | 'write-random'
  | 'write-sequential'
  | 'write-and-sync'
  | 'readdirplus'
  | 'readdirplus-first'
  | 'walk'
  | 'untar'
  | 'git-status';

export interface WorkloadResult {
  readonly operations: number;
  readonly requests: number;
  readonly elapsedNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly kicks: number;
  readonly calls: number;
  readonly neighbourOperations: number;
  /** Nodes that the guest has looked up and not forgotten, of the kinds that leave some. */
  readonly kept: readonly bigint[];
  /** The first wrong reply, in words. */
  readonly failure: string | null;
}

/** What is held: READs alone, or WRITEs and the SETATTRs that set a size, too. */
export type Holds = 'reads' | 'reads and changes';

/**
 * A mounted file system in which every name is the same file of a mebibyte, whose READs are answered when the test says
 * so: with it, "while a request sleeps" is a state and not a race.
 */
export interface HeldFileSystem {
  /** Waits until so many requests are held; false after the time. */
  waitHeld(count: number, timeoutMs: number): boolean;
  /** Answers what is held, and lets later ones pass. */
  release(): void;
  /** From now on every request of this opcode is answered with this errno; 0 ends that. */
  fail(opcode: number, errno: number): void;
  /** Unmounts. */
  close(): void;
}

/** A thread that does something again and again until it is stopped. */
export interface Disturbance {
  /** How often it has been done. */
  stop(): number;
}

export interface FrontEndBinding {
  readonly GuestMemory: new () => GuestMemory;
  readonly DriverRing: new (memory: GuestMemory, layout: RingLayout) => DriverRing;
  /** Throws where the caller may not mount. With a delay, each request is answered so long after it has come. */
  readonly HeldFileSystem: new (
    mountPoint: string,
    delayMs?: number,
    holds?: Holds,
  ) => HeldFileSystem;
  /** Exchanges two names of the host again and again. */
  readonly HostRacer: new (one: string, other: string) => Disturbance;
  /** Writes one and then the other into guest memory again and again. Both are as long, and in one region. */
  readonly MemoryScribbler: new (
    memory: GuestMemory,
    address: number,
    one: Uint8Array,
    other: Uint8Array,
  ) => Disturbance;
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
  /**
   * A process of this name loads these programs, in this order, and makes the call. Its result, or a negative errno; null:
   * it was ended for it.
   */
  callUnderFilters(
    programs: readonly number[],
    name: string,
    number: number,
    args: readonly number[],
  ): number | null;
  setAffinity(tid: number, cpus: readonly number[]): number;
  runWorkload(options: WorkloadOptions): WorkloadResult;
  /** Each in a thread of its own, all at once. The first one's queue takes the FORGETs of all. */
  runWorkloads(options: readonly WorkloadOptions[]): WorkloadResult[];
}

/** The directory that holds build/ and bin/: the tests run from sources, the benchmark from a bundle in dist/. */
export const projectRoot = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '..' : '../..', import.meta.url),
);

export const native = createRequire(import.meta.url)(
  `${projectRoot}/build/Release/vfsd_frontend.node`,
) as FrontEndBinding;
