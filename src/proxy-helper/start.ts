// SPDX-License-Identifier: Apache-2.0

/** From options to the launcher, which starts the helper as it starts vfsd's worker. */

import { unlinkSync, writeSync } from 'node:fs';
import { launcherEnvironment } from '../daemon/launcher-arguments.js';
import { VfsdError } from '../errors.js';
import { installation } from '../installation.js';
import { unwrap } from '../native/binding.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeBinding } from '../native/types.js';
import type { SandboxPlan } from '../sandbox/plan.js';
import { proxyHelperPrograms, type PolicyTexts } from '../seccomp/programs.js';
import type { ProxyHelperConfig } from './parse-options.js';

type StartBinding = Pick<
  NativeBinding,
  'compileSeccomp' | 'connectDatagram' | 'execLauncher' | 'listenUnix'
>;

const ownerAndGroup = 0o660;
const syslogSocket = '/dev/log';

/** Replaces this process. Returns never; throws VfsdError and leaves no socket behind. */
export function startProxyHelper(
  binding: StartBinding,
  config: ProxyHelperConfig,
  plan: SandboxPlan,
  policies: PolicyTexts,
): never {
  const programs = proxyHelperPrograms(policies);
  const compile = (name: keyof typeof programs): Fd =>
    unwrap(binding.compileSeccomp(programs[name]), 'VFSD_SECCOMP_POLICY', name);
  const filters = {
    start: compile('start'),
    launcher: compile('launcher'),
    process: compile('proxyHelper'),
  };
  const log = config.isDaemon ? connectToSyslog(binding) : null;
  const socket = openSocket(binding, config.socket);
  const failure = binding.execLauncher({
    path: installation.launcher,
    arguments: [
      installation.launcher,
      '--program=virtfs-proxy-helper',
      ...(config.isDaemon ? ['--daemon'] : []),
      `--sandbox=${plan.mode}`,
      `--shared-dir=${config.path}`,
      ...(config.socket.kind === 'path' ? [`--socket-path=${config.socket.path}`] : []),
      `--listen-fd=${socket}`,
      ...(log === null ? [] : [`--log-fd=${log}`]),
      `--start-filter-fd=${filters.start}`,
      `--launcher-filter-fd=${filters.launcher}`,
      `--process-filter-fd=${filters.process}`,
      ...(plan.userNamespace ? ['--user-namespace'] : []),
      `--capabilities=0x${plan.capabilities.toString(16)}`,
      '--',
      installation.proxyHelper,
      ...(config.isDaemon ? ['--daemon'] : []),
    ],
    environment: launcherEnvironment(process.env),
    keep: [socket, ...(log === null ? [] : [log]), ...Object.values(filters)],
  });
  if (config.socket.kind === 'path') unlinkSync(config.socket.path);
  throw new VfsdError('VFSD_SANDBOX_LAUNCH', installation.launcher, { answer: failure });
}

function openSocket(binding: StartBinding, socket: ProxyHelperConfig['socket']): Fd {
  if (socket.kind === 'fd') return socket.fd as Fd;
  const { path, uid, gid } = socket;
  const listener = binding.listenUnix(path, ownerAndGroup, gid, uid);
  return unwrap(listener, 'VFSD_SOCKET_PATH', path);
}

/** Null: nobody listens there, which is no reason not to serve, but is said while somebody may read it. */
function connectToSyslog(binding: StartBinding): Fd | null {
  const socket = binding.connectDatagram(syslogSocket);
  if (!isSystemFailure(socket)) return socket;
  writeSync(
    2,
    `virtfs-proxy-helper: warning: cannot write messages to ${syslogSocket}: ${describeFailure(socket)}; ` +
      'they will be lost (start a syslog service, or use --nodaemon)\n',
  );
  return null;
}
