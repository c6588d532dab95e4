// SPDX-License-Identifier: Apache-2.0

import type { DaemonConfig } from '../config/config.js';
import type { NamespaceRange } from '../idmap/namespace-map.js';
import type { Fd } from '../native/types.js';
import type { SandboxPlan } from '../sandbox/plan.js';
import { inheritedVariables } from './inherited-variables.js';

/** The filters by the options of the launcher; null: `--seccomp=none`. */
export interface FilterFds {
  readonly start: Fd;
  readonly launcher: Fd;
  readonly process: Fd;
  readonly mainThread: Fd;
  readonly dataThreads: Fd;
  /** Null: there are no such threads. */
  readonly lockThreads: Fd | null;
}

export interface LauncherPlan {
  readonly config: DaemonConfig;
  readonly sandbox: SandboxPlan;
  readonly openFileLimit: number;
  readonly listener: Fd;
  /** Listens for questions about the daemon; null: there is no control socket. */
  readonly controlListener: Fd | null;
  readonly configFile: Fd;
  /** Connected to the service manager's socket; null: nobody is to be told. */
  readonly notify: Fd | null;
  /** Connected to the journal's or syslog's socket; null: the log goes to stderr. */
  readonly log: Fd | null;
  readonly filters: FilterFds | null;
  /** Absolute paths. */
  readonly launcher: string;
  readonly node: string;
  readonly bundle: string;
}

/**
 * How Node runs in the worker. Without a compiler no memory has to be executable, and with no pool no thread is made
 * after the start: both are denied by the filters. WebAssembly needs the compiler, and Node warns of its absence.
 */
const nodeArguments = ['--jitless', '--no-expose-wasm', '--v8-pool-size=0'];

/** The launcher's argv. native/launcher reads it. */
export function launcherArguments(plan: LauncherPlan): readonly string[] {
  const { config, sandbox } = plan;
  return [
    plan.launcher,
    `--sandbox=${sandbox.mode}`,
    `--shared-dir=${config.sharedDir}`,
    ...(config.socket.kind === 'path' ? [`--socket-path=${config.socket.path}`] : []),
    `--listen-fd=${plan.listener}`,
    ...controlArguments(plan),
    `--config-fd=${plan.configFile}`,
    ...(plan.notify === null ? [] : [`--notify-fd=${plan.notify}`]),
    ...(plan.log === null ? [] : [`--log-fd=${plan.log}`]),
    ...filterArguments(plan.filters),
    ...(sandbox.userNamespace ? ['--user-namespace'] : []),
    ...config.uidMap.map((range) => `--uid-map=${rangeArgument(range)}`),
    ...config.gidMap.map((range) => `--gid-map=${rangeArgument(range)}`),
    ...(sandbox.inodeFileHandles === 'mandatory' ? ['--require-file-handles'] : []),
    ...(config.readonly ? ['--readonly'] : []),
    `--capabilities=0x${sandbox.capabilities.toString(16)}`,
    `--rlimit-nofile=${plan.openFileLimit}`,
    '--',
    plan.node,
    ...nodeArguments,
    plan.bundle,
    '--worker',
  ];
}

function controlArguments({ config, controlListener }: LauncherPlan): readonly string[] {
  if (controlListener === null || config.controlSocket === null) return [];
  return [
    `--control-socket-path=${config.controlSocket}`,
    `--control-listen-fd=${controlListener}`,
  ];
}

function rangeArgument({ inside, host, count }: NamespaceRange): string {
  return `${inside}:${host}:${count}`;
}

/** The descriptors that the launcher needs. */
export function launcherDescriptors(plan: LauncherPlan): readonly Fd[] {
  const { listener, controlListener, configFile, notify, log, filters } = plan;
  const always = [listener, controlListener, configFile, notify, log].filter((fd) => fd !== null);
  if (filters === null) return always;
  return [
    ...always,
    ...[filters.start, filters.launcher, filters.process, filters.mainThread],
    filters.dataThreads,
    ...(filters.lockThreads === null ? [] : [filters.lockThreads]),
  ];
}

function filterArguments(filters: FilterFds | null): readonly string[] {
  if (filters === null) return [];
  return [
    `--start-filter-fd=${filters.start}`,
    `--launcher-filter-fd=${filters.launcher}`,
    `--process-filter-fd=${filters.process}`,
    `--main-thread-filter-fd=${filters.mainThread}`,
    `--data-threads-filter-fd=${filters.dataThreads}`,
    ...(filters.lockThreads === null ? [] : [`--lock-threads-filter-fd=${filters.lockThreads}`]),
  ];
}

/** The whole environment of launcher and worker, as `NAME=value`. */
export function launcherEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return inheritedVariables.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
}
