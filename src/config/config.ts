// SPDX-License-Identifier: Apache-2.0

import type { LogFormat } from '../log/formats.js';
import type { LogLevel } from '../log/level.js';
import type { NamespaceRange } from '../idmap/namespace-map.js';
import type {
  CacheMode,
  IdTranslation,
  InodeFileHandles,
  Negotiation,
  SecurityModel,
  XattrRule,
} from '../native/types.js';
import type { CapabilityChange } from '../sandbox/capability-changes.js';
import type { SandboxMode, SeccompMode } from './modes.js';
import type { CacheTimeouts } from './timeouts.js';

/** Where the front-end connects: a path to bind, or a listening socket that the parent opened. */
export type SocketSource =
  | { readonly kind: 'path'; readonly path: string; readonly group: string | null }
  | { readonly kind: 'fd'; readonly fd: number };

/** Everything the user decided. Frozen and complete. */
export interface DaemonConfig {
  /** Absolute path. */
  readonly sharedDir: string;
  readonly socket: SocketSource;
  /** Null: the front-end has its own. */
  readonly tag: string | null;
  readonly sandbox: SandboxMode;
  readonly seccomp: SeccompMode;
  /** `--seccomp-allow`, as given: lines of a policy that are known to be right. */
  readonly seccompAllow: readonly string[];
  readonly capabilityChanges: readonly CapabilityChange[];
  readonly cache: CacheMode;
  readonly timeouts: CacheTimeouts;
  readonly threadPoolSize: number;
  readonly requestQueues: number;
  readonly pollLimitUs: number;
  /** True also when only another option needs it. */
  readonly xattr: boolean;
  /** Empty: not given. */
  readonly xattrMap: readonly XattrRule[];
  readonly posixAcl: Negotiation;
  readonly securityLabel: Negotiation;
  readonly killprivV2: boolean;
  /** Empty: not given. */
  readonly uidMap: readonly NamespaceRange[];
  readonly gidMap: readonly NamespaceRange[];
  readonly uidTranslation: readonly IdTranslation[];
  readonly gidTranslation: readonly IdTranslation[];
  readonly securityModel: SecurityModel;
  /** Permission bits of what a mapped model makes on the host. */
  readonly fileMode: number;
  readonly directoryMode: number;
  readonly readonly: boolean;
  readonly writeback: boolean;
  readonly allowDirectIo: boolean;
  readonly allowMmap: boolean;
  readonly preserveNoatime: boolean;
  readonly readdirplus: boolean;
  readonly announceSubmounts: boolean;
  /** Null: chosen at start. */
  readonly inodeFileHandles: InodeFileHandles | null;
  readonly posixLock: boolean;
  readonly flock: boolean;
  /** 0: the limit stays as it is; null: chosen at start. */
  readonly openFileLimit: number | null;
  readonly exitOnDisconnect: boolean;
  /** Absolute path; null: there is none. */
  readonly controlSocket: string | null;
  /** From which duration on a request is logged, in milliseconds; 0: never. */
  readonly slowRequestMs: number;
  readonly logLevel: LogLevel;
  /** Null: chosen at start. */
  readonly logFormat: LogFormat | null;
}

/** What the worker has to know: what the user decided, and what the command decided at start. As JSON its whole input. */
export interface WorkerConfig extends DaemonConfig {
  readonly inodeFileHandles: InodeFileHandles;
  readonly logFormat: LogFormat;
  /** The log goes to a service's socket, and to stderr only what cannot be sent. */
  readonly logsToSocket: boolean;
  /** A service manager is told how the daemon is. */
  readonly notifies: boolean;
  /** How often it wants to hear of the worker, in microseconds; null: never. */
  readonly watchdogUs: number | null;
  /** Bit mask of the capabilities that the launcher leaves, as a number in text. */
  readonly capabilities: string;
}

/** True when the worker has threads that wait for locks. */
export function hasLockThreads({ posixLock, flock }: DaemonConfig): boolean {
  return posixLock || flock;
}

/** The config as the sealed memory file between the command and the worker holds it. */
export function encodeConfig(config: WorkerConfig): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(config));
}

/** Reads {@link encodeConfig}'s bytes. They come from this same program, so their shape is taken on trust. */
export function decodeConfig(bytes: Uint8Array): WorkerConfig {
  return Object.freeze(JSON.parse(new TextDecoder().decode(bytes)) as WorkerConfig);
}
