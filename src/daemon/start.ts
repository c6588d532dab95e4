// SPDX-License-Identifier: Apache-2.0

/** From a configuration to the launcher: creates what the daemon gets, and becomes it. */

import { unlinkSync } from 'node:fs';
import {
  encodeConfig,
  hasLockThreads,
  type DaemonConfig,
  type WorkerConfig,
} from '../config/config.js';
import { usage } from '../config/usage.js';
import { VfsdError } from '../errors.js';
import { installation } from '../installation.js';
import { unwrap } from '../native/binding.js';
import type { Fd, NativeBinding, SeccompRule } from '../native/types.js';
import type { SandboxPlan } from '../sandbox/plan.js';
import { addedLines } from '../seccomp/added-lines.js';
import { architectureNumber, nativeArchitecture } from '../seccomp/architecture.js';
import { featuresOf } from '../seccomp/features-of-config.js';
import { assemblePrograms, type PolicyTexts, type SeccompPrograms } from '../seccomp/programs.js';
import { openLogDestination, type LogDestination } from './log-destination.js';
import type { Notification } from './notification.js';
import {
  launcherArguments,
  launcherDescriptors,
  launcherEnvironment,
  type FilterFds,
  type LauncherPlan,
} from './launcher-arguments.js';

const ownerOnly = 0o600;
const ownerAndGroup = 0o660;

/** What the preflight found out about the machine. */
export interface StartConditions {
  readonly sandbox: SandboxPlan;
  /** The group that the socket file gets; null: the caller's. */
  readonly socketGroup: number | null;
  /** RLIMIT_NOFILE for the daemon; 0: as it is. */
  readonly openFileLimit: number;
  readonly notification: Notification;
}

/** Replaces this process by the daemon. Returns never; throws VfsdError and leaves no socket behind. */
export function start(
  binding: NativeBinding,
  config: DaemonConfig,
  found: StartConditions,
  policies: PolicyTexts,
): never {
  const log = openLogDestination(binding, config.logFormat, process.env['JOURNAL_STREAM']);
  const listener = listen(binding, config, found);
  let hasControl = false;
  try {
    const controlListener = listenForQuestions(binding, config);
    hasControl = controlListener !== null;
    const plan: LauncherPlan = {
      config,
      sandbox: found.sandbox,
      openFileLimit: found.openFileLimit,
      listener,
      controlListener,
      configFile: unwrap(
        binding.createSealedFile('vfsd-config', encodeConfig(workerConfig(config, found, log))),
        'VFSD_NATIVE_CALL',
        'write the configuration to a memory file',
      ),
      log: log.socket,
      notify: connectToManager(binding, found.notification),
      filters: compileFilters(binding, config, policies, found.sandbox),
      launcher: installation.launcher,
      node: process.execPath,
      bundle: installation.bundle,
    };
    const failure = binding.execLauncher({
      path: plan.launcher,
      arguments: launcherArguments(plan),
      environment: launcherEnvironment(process.env),
      keep: launcherDescriptors(plan),
    });
    throw new VfsdError('VFSD_SANDBOX_LAUNCH', plan.launcher, { answer: failure });
  } catch (error) {
    if (config.socket.kind === 'path') removeOwnSocket(config.socket.path);
    if (hasControl && config.controlSocket !== null) removeOwnSocket(config.controlSocket);
    throw error;
  }
}

function workerConfig(
  config: DaemonConfig,
  { sandbox, notification }: StartConditions,
  log: LogDestination,
): WorkerConfig {
  const { inodeFileHandles, capabilities } = sandbox;
  return {
    ...config,
    inodeFileHandles,
    logFormat: log.format,
    logsToSocket: log.socket !== null,
    notifies: notification.socket !== null,
    watchdogUs: notification.watchdogUs,
    capabilities: String(capabilities),
  };
}

function connectToManager(binding: NativeBinding, { socket }: Notification): Fd | null {
  return socket === null
    ? null
    : unwrap(binding.connectDatagram(socket), 'VFSD_NOTIFY_SOCKET', socket);
}

function listen(binding: NativeBinding, { socket }: DaemonConfig, found: StartConditions): Fd {
  if (socket.kind === 'fd') {
    return unwrap(binding.adoptListener(socket.fd), 'VFSD_SOCKET_FD', String(socket.fd));
  }
  const mode = found.socketGroup === null ? ownerOnly : ownerAndGroup;
  const listener = binding.listenUnix(socket.path, mode, found.socketGroup);
  return unwrap(listener, 'VFSD_SOCKET_PATH', socket.path);
}

function listenForQuestions(binding: NativeBinding, { controlSocket }: DaemonConfig): Fd | null {
  if (controlSocket === null) return null;
  const listener = binding.listenUnix(controlSocket, ownerOnly, null);
  return unwrap(listener, 'VFSD_SOCKET_PATH', controlSocket);
}

function compileFilters(
  binding: NativeBinding,
  config: DaemonConfig,
  policies: PolicyTexts,
  { inodeFileHandles }: SandboxPlan,
): FilterFds | null {
  const added = addedLines(config.seccompAllow).map(({ rule }) => rule);
  checkNames(binding, added);
  const programs = assemblePrograms(
    policies,
    config.seccomp,
    added,
    featuresOf(config, inodeFileHandles),
  );
  if (programs === null) return null;
  const compile = (name: keyof SeccompPrograms): Fd =>
    unwrap(binding.compileSeccomp(programs[name]), 'VFSD_SECCOMP_POLICY', name);
  return {
    start: compile('start'),
    launcher: compile('launcher'),
    process: compile('process'),
    mainThread: compile('mainThread'),
    dataThreads: compile('dataThreads'),
    lockThreads: hasLockThreads(config) ? compile('lockThreads') : null,
  };
}

/** Without this, a name that is mistyped would be a mistake of the policy. */
function checkNames(binding: NativeBinding, rules: readonly SeccompRule[]): void {
  const name = nativeArchitecture(process.arch);
  if (name === null) return;
  for (const { syscall } of rules) {
    if (binding.findSystemCall(syscall, architectureNumber(name)) !== null) continue;
    throw usage(`--seccomp-allow=${syscall}: no system call of that name is known here`);
  }
}

function removeOwnSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The error that brought us here says more.
  }
}
