// SPDX-License-Identifier: Apache-2.0

/**
 * The worker's start. Up to `seal` everything must be loaded and every thread created: afterwards the main thread can
 * make no system call that takes a path, and the process no new thread.
 */

import {
  decodeConfig,
  hasLockThreads,
  type DaemonConfig,
  type WorkerConfig,
} from '../config/config.js';
import { ControlServer } from '../control/control-server.js';
import { answer, type Controlled } from '../control/routes.js';
import { SinkLogger, type Logger } from '../log/logger.js';
import { formatterFor } from '../log/formats.js';
import { SocketSink } from '../log/socket-sink.js';
import { RateLimitedLogger } from '../log/rate-limit.js';
import { openStderrSink } from '../log/stderr-sink.js';
import { unwrap } from '../native/binding.js';
import type { DeviceEvent, Fd, NativeBinding, NativeDevice } from '../native/types.js';
import { assertPathsDenied, assertPrivilegesDropped } from '../sandbox/assert-confinement.js';
import { workerFds } from '../sandbox/worker-fds.js';
import { version } from '../version.js';
import { totalOf } from '../metrics/status.js';
import { Activity } from './activity.js';
import { deviceSetup, deviceTimeouts } from './device-setup.js';
import { Daemon, type DaemonState } from './daemon.js';
import { keepIdleMemorySmall } from './idle-memory.js';
import { Listener } from './listener.js';
import { divideOpenFiles, type OpenFileBudget } from './open-file-budget.js';
import { preload } from './preload.js';
import { ServiceManager } from './service-manager.js';
import { installSignalHandlers } from './signals.js';

/** Runs the worker to its end. Resolves to the exit status. */
export async function runWorker(binding: NativeBinding): Promise<number> {
  const config = readConfig(binding);
  const logger = openLogger(binding, config);
  const limitedLogger = new RateLimitedLogger(logger);
  preload();
  const budget = budgetOf(binding, config);

  const early: DeviceEvent[] = [];
  let deliver = (event: DeviceEvent): void => {
    early.push(event);
  };
  const device = createDevice(binding, config, budget, (event) => {
    deliver(event);
  });
  const manager = config.notifies
    ? new ServiceManager({
        binding,
        launcher: workerFds.control,
        watchdogUs: config.watchdogUs,
      })
    : null;
  const listener = new Listener(binding, workerFds.listener, limitedLogger);
  const offer = {
    requestQueues: config.requestQueues,
    tag: config.tag,
    memorySlots: budget.memorySlots,
  };
  const { exitOnDisconnect } = config;
  const activity = new Activity({
    requests: () => totalOf(device.metrics()).requests,
    report:
      manager === null
        ? null
        : (state, rate) => {
            manager.status(statusText(state, rate, config));
          },
  });
  let connected = false;
  const control = openControl(binding, config, {
    logger,
    limitedLogger,
    device,
    isConnected: () => connected,
  });
  const daemon = new Daemon({
    binding,
    device,
    listener,
    offer,
    exitOnDisconnect,
    logger,
    limitedLogger,
    onStateChange: (state) => {
      connected = state === 'connected';
      activity.changed(state);
    },
  });
  deliver = (event) => {
    daemon.handleEvent(event);
  };
  for (const event of early) deliver(event);
  installSignalHandlers(logger, () => {
    daemon.stop();
  });

  const dropMemoryOfStart = keepIdleMemorySmall(binding, logger);
  confine(binding, config, device);
  warnOfAddedCalls(logger, config);
  logger.info(readinessLine(config));
  manager?.ready();
  dropMemoryOfStart();
  void control?.run();
  await daemon.run();
  control?.close();
  return 0;
}

interface ControlSubject {
  readonly logger: SinkLogger;
  readonly limitedLogger: Logger;
  readonly device: NativeDevice;
  readonly isConnected: () => boolean;
}

/** The control socket's server; null: there is no such socket. */
function openControl(
  binding: NativeBinding,
  { controlSocket, sharedDir, tag }: WorkerConfig,
  { logger, limitedLogger, device, isConnected }: ControlSubject,
): ControlServer | null {
  if (controlSocket === null) return null;
  const startMs = performance.now();
  const controlled: Controlled = {
    status: () => ({
      version,
      sharedDir,
      tag,
      connected: isConnected(),
      logLevel: logger.threshold,
      uptimeSeconds: Math.round(performance.now() - startMs) / 1000,
      ...device.metrics(),
    }),
    setLogLevel: (level) => {
      logger.threshold = level;
      logger.info(`the log level is ${level} now`);
    },
    setTimeouts: (timeouts) => {
      device.setTimeouts(deviceTimeouts(timeouts));
      logger.info('the guest is told other cache timeouts from now on');
    },
  };
  return new ControlServer({
    binding,
    listener: new Listener(binding, workerFds.controlListener, limitedLogger),
    logger: limitedLogger,
    answer: (request) => answer(controlled, request),
  });
}

/** Everything that the log needs later is opened here. */
function openLogger(binding: NativeBinding, config: WorkerConfig): SinkLogger {
  const stderr = openStderrSink();
  const sink = config.logsToSocket ? new SocketSink(binding, workerFds.log, stderr) : stderr;
  const format = formatterFor(config.logFormat, config, process.pid);
  return new SinkLogger(sink, config.logLevel, format);
}

function readConfig(binding: NativeBinding): WorkerConfig {
  const bytes = unwrap(
    binding.readSealedFile(workerFds.config),
    'VFSD_WORKER_START',
    'read its configuration',
  );
  binding.closeFd(workerFds.config);
  return decodeConfig(bytes);
}

function budgetOf(binding: NativeBinding, config: DaemonConfig): OpenFileBudget {
  const limit = unwrap(
    binding.getOpenFileLimit(),
    'VFSD_WORKER_START',
    'find out how many files it may open',
  );
  // RLIM_INFINITY and the like: no more than a counter on the native side holds.
  const soft = limit.soft > 0x7fff_ffffn ? 0x7fff_ffff : Number(limit.soft);
  return divideOpenFiles(soft, config);
}

function createDevice(
  binding: NativeBinding,
  config: WorkerConfig,
  budget: OpenFileBudget,
  onEvent: (event: DeviceEvent) => void,
): NativeDevice {
  const setup = deviceSetup(config, budget);
  return unwrap(binding.createDevice(setup, onEvent), 'VFSD_WORKER_START', 'create the device');
}

function confine(binding: NativeBinding, config: WorkerConfig, device: NativeDevice): void {
  assertPrivilegesDropped(BigInt(config.capabilities));
  unwrap(
    binding.awaitConfinement(workerFds.control),
    'VFSD_SANDBOX_CONFINE',
    'the launcher did not move the worker into the shared directory',
  );
  const isFiltered = config.seccomp !== 'none';
  const filter = (fd: Fd): Fd | null => (isFiltered ? fd : null);
  unwrap(
    binding.seal({
      device,
      process: filter(workerFds.processFilter),
      mainThread: filter(workerFds.mainThreadFilter),
      dataThreads: filter(workerFds.dataThreadsFilter),
      lockThreads: hasLockThreads(config) ? filter(workerFds.lockThreadsFilter) : null,
      procSelfFd: workerFds.procSelfFd,
    }),
    'VFSD_SANDBOX_CONFINE',
    'the seccomp filters were not accepted',
  );
  if (isFiltered) assertPathsDenied();
}

function warnOfAddedCalls(logger: Logger, { seccomp, seccompAllow }: DaemonConfig): void {
  if (seccomp === 'none' || seccompAllow.length === 0) return;
  logger.warn(`--seccomp-allow: more system calls than the policy has: ${seccompAllow.join('; ')}`);
}

function statusText(state: DaemonState, rate: number, { tag }: DaemonConfig): string {
  const name = tag === null ? '' : `tag ${tag}, `;
  if (state === 'waiting') return `${name}waiting for a front-end`;
  return `${name}a front-end is connected, ${rate} requests/s`;
}

/** The line that says that front-ends may connect now. */
export function readinessLine(config: DaemonConfig): string {
  const tag = config.tag === null ? '' : ` as tag ${config.tag}`;
  const { socket } = config;
  const place = socket.kind === 'path' ? socket.path : `file descriptor ${socket.fd}`;
  return `sharing ${config.sharedDir}${tag} on ${place}, waiting for a front-end`;
}
