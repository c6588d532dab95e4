// SPDX-License-Identifier: Apache-2.0

/**
 * The contract between TypeScript and the native addon.
 *
 * Nothing that happens once per request crosses this line: JavaScript sees configuration, life-cycle events and
 * counters. A native function never throws for a system failure; it returns a {@link SystemFailure} as data and
 * `binding.ts` turns it into an error. All functions run on the main thread and, unless they return a promise,
 * complete before they return.
 */

import type { DeviceMetrics, SlowRequest } from './device-metrics.js';
import type { FileObjectCalls } from './file-object-calls.js';

declare const fdBrand: unique symbol;

/** A file descriptor of this process, owned by whoever holds the value: it is closed exactly once, by its owner. */
export type Fd = number & { readonly [fdBrand]: true };

declare const ringIndexBrand: unique symbol;

/** The number of a virtqueue: 0 is hiprio, 1…n are request queues (virtio 1.3, 5.11.2). */
export type RingIndex = number & { readonly [ringIndexBrand]: true };

declare const guestPhysicalBrand: unique symbol;

/** A guest-physical address in bytes. */
export type GuestPhysicalAddress = bigint & { readonly [guestPhysicalBrand]: true };

declare const frontendVirtualBrand: unique symbol;

/** An address in the front-end's own address space, as the vhost-user ring addresses are given. */
export type FrontendVirtualAddress = bigint & { readonly [frontendVirtualBrand]: true };

/** What a system call answered, as data. */
export interface SystemFailure {
  /** Positive errno value, and its name, such as `ENOENT`. */
  readonly errno: number;
  readonly code: string;
  /** The call that failed, such as `bind`. */
  readonly syscall: string;
  /** What the call was about, where errno alone does not say. */
  readonly detail?: string;
}

/** One result of {@link NativeBinding.receive}. Its `fds` belong to the caller. */
export interface ReceivedBytes {
  readonly data: Uint8Array;
  readonly fds: readonly Fd[];
}

/** Calls back whenever the descriptor, which it does not own, is readable, until closed. */
export interface ReadableWatch {
  close(): void;
}

/** One memory region of the front-end (vhost-user: "memory region description"). */
export interface MemoryRegion {
  readonly guestAddress: GuestPhysicalAddress;
  readonly frontendAddress: FrontendVirtualAddress;
  /** Length in bytes, not zero. */
  readonly size: bigint;
  /** Offset of the region's first byte in the file, in bytes. */
  readonly offset: bigint;
  /** The memory's file. The native side takes its own mapping; the caller keeps and closes the descriptor. */
  readonly fd: Fd;
}

/** Everything a virtqueue needs to run. */
export interface RingSetup {
  readonly index: RingIndex;
  /** Number of descriptors: a power of two, 1…1024. */
  readonly size: number;
  /** The value of SET_VRING_BASE: index of the next entry of the avail ring to take, modulo 2^16. */
  readonly availableBase: number;
  readonly descriptorAddress: FrontendVirtualAddress;
  readonly availableAddress: FrontendVirtualAddress;
  readonly usedAddress: FrontendVirtualAddress;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
  /** Readable when the driver has added buffers. The caller keeps it open while the ring runs and closes it afterwards. */
  readonly kick: Fd;
  /** Written to tell the driver of used buffers; null: the driver polls. Duplicated by the native side. */
  readonly call: Fd | null;
}

/** Why a ring or a memory table was refused: the front-end's mistake, not a system failure. */
export interface SetupRefusal {
  readonly refused: string;
}

/** Memory that comes back from the page cache when it is needed. */
export interface CleanMappings {
  /** Gives it back, as often as one likes. */
  drop(): SystemFailure | undefined;
}

/** What a file system answers when it is asked; undefined: it has it. */
export interface DirectoryTraits {
  /** name_to_handle_at(2). */
  readonly fileHandles: SystemFailure | undefined;
  /** Extended attributes behind `user.`. */
  readonly xattrs: SystemFailure | undefined;
}

export type CacheMode = 'never' | 'metadata' | 'auto' | 'always';

/** How much a feature that the guest's kernel may lack is wanted; `always`: a guest without it is refused. */
export type Negotiation = 'never' | 'auto' | 'always';

/** How inodes are held that the guest remembers and nobody has open: by descriptor, or by file handle. */
export type InodeFileHandles = 'never' | 'prefer' | 'mandatory';

/** What becomes of the guest's owners, modes and types of files on the host, as QEMU's 9p server has it. */
export type SecurityModel = 'passthrough' | 'mapped-xattr' | 'mapped-file' | 'none';

/** One rule of `--xattrmap`. The first that matches a name decides. */
export interface XattrRule {
  /**
   * `prefix`: `prepend` is put in front of the guest's name, and taken off the host's; `ok`: the name passes as it is;
   * `bad`, `unsupported`: the guest gets EPERM or ENOTSUP for it, and the host's name is hidden.
   */
  readonly type: 'prefix' | 'ok' | 'bad' | 'unsupported';
  /** It is for names that the guest uses: those that begin with `key`. */
  readonly client: boolean;
  /** It is for names that the host lists: those that begin with `prepend`. */
  readonly server: boolean;
  readonly key: string;
  readonly prepend: string;
}

/** What becomes of the ids from `base` to `base + count - 1` of one side. Ranges of one direction do not overlap. */
export interface IdTranslation {
  readonly direction: 'to-host' | 'to-guest';
  /** `map`: the ids from `target` on, one by one; `squash`: `target` for all; `forbid`: an error (to-host only). */
  readonly action: 'map' | 'squash' | 'forbid';
  readonly base: number;
  readonly target: number;
  readonly count: number;
}

export interface DeviceTimeouts {
  /** Nanoseconds for which the guest may believe that a name leads where it led. */
  readonly entryTimeoutNs: bigint;
  /** Nanoseconds for which the guest may believe the attributes that it was told. */
  readonly attrTimeoutNs: bigint;
  /** Nanoseconds for which the guest may believe that a name is not there; 0: it asks each time. */
  readonly negativeTimeoutNs: bigint;
}

export interface DeviceSetup extends DeviceTimeouts {
  /** O_PATH descriptor of the shared tree's root. Taken over by the device. */
  readonly root: Fd;
  /** Descriptor of this process's /proc/self/fd, through which O_PATH descriptors are opened again. Taken over. */
  readonly procSelfFd: Fd;
  /** How many request queues may run at the same time, 1…64. One thread each is created now. */
  readonly requestQueues: number;
  /** How many threads stand by to take over the lead of a queue whose leader is about to sleep, 0…64. */
  readonly followers: number;
  /** Nanoseconds for which a queue's thread may look for the next request before it sleeps; 0: it sleeps at once. */
  readonly pollLimitNs: number;
  /** From which duration on a request is reported; 0: never. */
  readonly slowRequestNs: bigint;
  readonly cache: CacheMode;
  /** Extended attributes at all; true whenever another field needs them. */
  readonly xattr: boolean;
  /** Empty: names pass unchanged. Otherwise every name finds a rule, from both sides. */
  readonly xattrMap: readonly XattrRule[];
  /** The guest's kernel enforces the POSIX access control lists of the host's files. */
  readonly posixAcl: Negotiation;
  /** The guest sends the security label of what it creates along with the request. */
  readonly securityLabel: Negotiation;
  /** The daemon clears set-id bits and file capabilities of what is changed, so that the guest need not look for them. */
  readonly killprivV2: boolean;
  readonly readonly: boolean;
  readonly writeback: boolean;
  readonly allowDirectIo: boolean;
  /** Files may be mapped shared in the guest although the cache mode opens them without a cache. */
  readonly allowMmap: boolean;
  readonly readdirplus: boolean;
  /** The guest is told which directories are mount points, and shows them as mounts. */
  readonly announceSubmounts: boolean;
  /** O_NOATIME reaches the host, where it is for the owner of a file only; false: it is left out. */
  readonly preserveNoatime: boolean;
  readonly inodeFileHandles: InodeFileHandles;
  readonly securityModel: SecurityModel;
  /** Permission bits of files and directories on the host in the mapped models. */
  readonly fileMode: number;
  readonly directoryMode: number;
  /** fcntl(2) locks of the guest are locks on the host's files; false: they stay in the guest. */
  readonly posixLock: boolean;
  /** The same for flock(2). */
  readonly flock: boolean;
  /** Empty: the ids of the guest are those of the host, or of the daemon's user namespace. */
  readonly uidTranslation: readonly IdTranslation[];
  readonly gidTranslation: readonly IdTranslation[];
  /** How many descriptors the guest may make the daemon hold at most. */
  readonly guestFdLimit: number;
}

/**
 * What the native threads report. Delivered on the main thread, in order, at most once for each start of a ring, and
 * before {@link NativeDevice.stopRing} resolves for that run: never for an earlier run of a ring that runs again.
 */
export type DeviceEvent =
  | {
      readonly kind: 'ring-broken';
      readonly index: RingIndex;
      /** What the driver did wrong. The ring stays stopped until it is set up again; the others go on. */
      readonly reason: string;
    }
  /** There are slow requests to be taken; no other such event comes before they are. */
  | { readonly kind: 'slow-requests' };

/**
 * The data plane: guest memory, rings, FUSE and the shared directory. Its threads are created by
 * {@link NativeBinding.createDevice}, begin with {@link NativeBinding.seal} and live as long as the process. Memory may be changed only while no ring runs.
 */
export interface NativeDevice {
  /** Replaces the memory table. All or nothing. */
  setMemory(regions: readonly MemoryRegion[]): SystemFailure | SetupRefusal | undefined;
  /** Starts a stopped ring. */
  startRing(setup: RingSetup): SystemFailure | SetupRefusal | undefined;
  /**
   * Takes no more requests from the ring, waits until every request taken has been answered, and resolves to the next
   * avail index, for GET_VRING_BASE. A ring that does not run resolves to the index at which it stopped last.
   */
  stopRing(index: RingIndex): Promise<number>;
  /** Replaces the call descriptor of a running ring; duplicated by the native side. */
  setCall(index: RingIndex, call: Fd | null): SystemFailure | undefined;
  /** For how long the guest may believe what it is told from now on; what it was told before, it keeps. */
  setTimeouts(timeouts: DeviceTimeouts): void;
  /** A copy of the counters. */
  metrics(): DeviceMetrics;
  /** The slow requests since the last call, as far as there was room for them. */
  takeSlowRequests(): readonly SlowRequest[];
  /** Forgets the FUSE session: every inode, open file and INIT itself. Only while no ring runs. */
  resetSession(): void;
}

declare const architectureBrand: unique symbol;

/** An architecture by the number that the audit log has for it (AUDIT_ARCH_…). */
export type Architecture = number & { readonly [architectureBrand]: true };

export type SeccompAction = 'allow' | 'kill' | 'log' | 'trap' | { readonly errno: number };

/** True when `(argument & mask) === value`; `argument` counts from 0. */
export interface SeccompCondition {
  readonly argument: number;
  readonly mask: bigint;
  readonly value: bigint;
}

/** One line of a policy: the call, and conditions that must all hold. */
export interface SeccompRule {
  readonly syscall: string;
  readonly conditions: readonly SeccompCondition[];
}

export interface SeccompProgram {
  /** What happens to a call that no rule names. */
  readonly otherwise: SeccompAction;
  /** What happens to a call that a rule matches. */
  readonly matched: SeccompAction;
  readonly rules: readonly SeccompRule[];
}

export interface LauncherStart {
  /** Absolute path of the launcher. */
  readonly path: string;
  /** argv, the program's name first. */
  readonly arguments: readonly string[];
  /** `NAME=value` strings: the whole environment. */
  readonly environment: readonly string[];
  /** Descriptors that survive the exec, beside 0, 1 and 2. */
  readonly keep: readonly Fd[];
}

export type ResourceLimit = Readonly<Record<'soft' | 'hard', bigint>>;

/** The addon's exports. Loaded by `binding.ts` only. */
export interface NativeBinding {
  // Sockets.

  /** Connects a SOCK_DGRAM Unix socket; a path that begins with `@` is an abstract name. */
  connectDatagram(path: string): Fd | SystemFailure;
  /**
   * Creates, binds and listens on a SOCK_STREAM Unix socket: non-blocking, close-on-exec. From now on SIGTERM, SIGINT
   * and SIGHUP remove its file before they end the process.
   * @param mode permission bits that the socket file gets, such as 0o600
   * @param group,user whose the socket file is; null, or absent: the caller's
   */
  listenUnix(path: string, mode: number, group: number | null, user?: number): Fd | SystemFailure;
  /** Checks that a descriptor is a listening SOCK_STREAM Unix socket and makes it non-blocking. */
  adoptListener(fd: number): Fd | SystemFailure;
  /** Accepts one connection, non-blocking and close-on-exec; null when there is none. */
  accept(listener: Fd): Fd | null | SystemFailure;
  /**
   * Receives at most `length` bytes and the descriptors that came with them. Null: nothing there now. Empty data: the
   * peer has closed. More than `maxFds` descriptors, or a truncated control message: EMSGSIZE, all of them closed.
   */
  receive(socket: Fd, length: number, maxFds: number): ReceivedBytes | null | SystemFailure;
  /** Sends all bytes or fails; EAGAIN when the peer does not read. Descriptors are duplicated into the message. */
  send(socket: Fd, data: Uint8Array, fds: readonly Fd[]): SystemFailure | undefined;
  watchReadable(fd: Fd, callback: () => void): ReadableWatch;
  /** Adds 1 to an eventfd, which becomes non-blocking. */
  signalEventfd(fd: Fd): SystemFailure | undefined;
  closeFd(fd: Fd): void;

  // Start-up, in the command's own process.

  /** Replaces this process; returns only on failure. SIGTERM, SIGINT and SIGHUP stay blocked for the launcher to take. */
  execLauncher(start: LauncherStart): SystemFailure;
  /**
   * Compiles to a BPF program in a memory file, for this machine or for another architecture. A call that the
   * architecture does not have is left out.
   */
  compileSeccomp(program: SeccompProgram, architecture?: Architecture): Fd | SystemFailure;
  /** A call's number; `elsewhere`: only other architectures have it; null: none is known to have it. */
  findSystemCall(name: string, architecture: Architecture): number | 'elsewhere' | null;
  /** The name of a call by its number; null: it is newer than what is known here, or there is none. */
  nameSystemCall(number: number, architecture: Architecture): string | null;
  /** A sealed memory file that holds `data`. */
  createSealedFile(name: string, data: Uint8Array): Fd | SystemFailure;
  /** RLIMIT_NOFILE of this process. */
  getOpenFileLimit(): ResourceLimit | SystemFailure;
  /** Bit mask of the effective capabilities of the calling thread. */
  getEffectiveCapabilities(): bigint | SystemFailure;
  /** Asks a directory's file system what it has; nothing is changed. */
  probeDirectory(path: string): DirectoryTraits;
  readonly fileObjects: FileObjectCalls;

  // Start-up, in the worker.

  /** Reads a whole memory file. */
  readSealedFile(fd: Fd): Uint8Array | SystemFailure;
  createDevice(
    setup: DeviceSetup,
    onEvent: (event: DeviceEvent) => void,
  ): NativeDevice | SystemFailure;
  /** Finds what of the program files is mapped and was never written to. To be called while /proc is there. */
  findCleanMappings(): CleanMappings | SystemFailure;
  /** Tells the launcher that everything is loaded and blocks until it has moved this process into the shared tree. */
  awaitConfinement(control: Fd): SystemFailure | undefined;
  /**
   * Makes /proc/self/fd the working directory, then loads the filters that have a descriptor (none for
   * `--seccomp=none`): `process` on all threads, behind it `dataThreads` and `lockThreads` on those threads of the device,
   * which do nothing before, and `mainThread` on the calling thread. Closes the filters' files. To be called once.
   */
  seal(filters: {
    readonly device: NativeDevice;
    readonly process: Fd | null;
    readonly mainThread: Fd | null;
    readonly dataThreads: Fd | null;
    readonly lockThreads: Fd | null;
    readonly procSelfFd: Fd;
  }): SystemFailure | undefined;
  /** Ends the process at once, as _exit(2) does: nothing in it is told, and nothing is written any more. */
  endProcess(status: number): never;
}
