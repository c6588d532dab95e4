// SPDX-License-Identifier: Apache-2.0

import type { LogLevel } from '../log/level.js';
import type { CacheMode } from '../native/types.js';

export const sandboxModes = ['namespace', 'chroot', 'none'] as const;
export type SandboxMode = (typeof sandboxModes)[number];

export const seccompModes = ['kill', 'log', 'trap', 'none'] as const;
/** What happens to a system call that the policy does not have; `none`: there is no filter. */
export type SeccompMode = (typeof seccompModes)[number];

export const cacheModes = ['auto', 'always', 'metadata', 'never'] as const satisfies CacheMode[];

/** Where the front-end connects: a path to bind, or a listening socket that the parent opened. */
export type SocketSource =
  | { readonly kind: 'path'; readonly path: string; readonly group: string | null }
  | { readonly kind: 'fd'; readonly fd: number };

/** Everything the user decided. Frozen, complete, and as JSON the worker's whole input. */
export interface DaemonConfig {
  /** Absolute path. */
  readonly sharedDir: string;
  readonly socket: SocketSource;
  /** Null: the front-end has its own. */
  readonly tag: string | null;
  readonly sandbox: SandboxMode;
  readonly seccomp: SeccompMode;
  readonly cache: CacheMode;
  readonly threadPoolSize: number;
  readonly requestQueues: number;
  readonly xattr: boolean;
  readonly readonly: boolean;
  readonly writeback: boolean;
  readonly allowDirectIo: boolean;
  readonly readdirplus: boolean;
  /** 0: the limit stays as it is; null: chosen at start. */
  readonly openFileLimit: number | null;
  readonly exitOnDisconnect: boolean;
  readonly logLevel: LogLevel;
}

/** The config as the sealed memory file between the command and the worker holds it. */
export function encodeConfig(config: DaemonConfig): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(config));
}

/** Reads {@link encodeConfig}'s bytes. They come from this same program, so their shape is taken on trust. */
export function decodeConfig(bytes: Uint8Array): DaemonConfig {
  return Object.freeze(JSON.parse(new TextDecoder().decode(bytes)) as DaemonConfig);
}
