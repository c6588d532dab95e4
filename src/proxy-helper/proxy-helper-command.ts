// SPDX-License-Identifier: Apache-2.0

/** The command virtfs-proxy-helper. */

import { accessSync, constants, fstatSync, statSync, writeSync } from 'node:fs';
import { checkSandboxSupport } from '../cli/sandbox-support.js';
import { checkSocketPath } from '../cli/socket-path.js';
import { VfsdError } from '../errors.js';
import { loadBinding, unwrap } from '../native/binding.js';
import { toSystemFailure } from '../native/system-failure.js';
import type { PolicyTexts } from '../seccomp/programs.js';
import {
  parseProxyHelperOptions,
  proxyHelperHelp,
  type ProxyHelperConfig,
} from './parse-options.js';
import { planProxyHelper } from './plan.js';
import { startProxyHelper } from './start.js';

/** Resolves to the exit status; when the helper starts it never does, the process is replaced. */
export async function runProxyHelperCommand(
  args: readonly string[],
  policies: PolicyTexts,
): Promise<number> {
  try {
    return await run(args, policies);
  } catch (error) {
    if (!(error instanceof VfsdError)) throw error;
    writeSync(2, `virtfs-proxy-helper: error: ${error.line}\n`);
    return error.exitStatus;
  }
}

async function run(args: readonly string[], policies: PolicyTexts): Promise<number> {
  const config = await parseProxyHelperOptions(args);
  if (config === null) {
    writeSync(1, `${await proxyHelperHelp()}\n`);
    return 0;
  }
  const binding = loadBinding();
  const capabilities = unwrap(
    binding.getEffectiveCapabilities(),
    'VFSD_NATIVE_CALL',
    'find out the capabilities of this process',
  );
  const plan = planProxyHelper(capabilities);
  checkSandboxSupport(plan, capabilities);
  checkPath(config.path);
  checkSocket(config.socket);
  return startProxyHelper(binding, config, plan, policies);
}

function checkPath(path: string): void {
  try {
    if (!statSync(path).isDirectory()) {
      throw new VfsdError('VFSD_PROXY_PATH', path, { answer: 'it is not a directory' });
    }
    accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof VfsdError) throw error;
    throw new VfsdError('VFSD_PROXY_PATH', path, { answer: toSystemFailure(error), cause: error });
  }
}

function checkSocket(socket: ProxyHelperConfig['socket']): void {
  if (socket.kind === 'path') {
    if (checkSocketPath(socket.path) === 'free') return;
    throw new VfsdError('VFSD_SOCKET_OCCUPIED', socket.path, { answer: 'a socket is there' });
  }
  try {
    if (fstatSync(socket.fd).isSocket()) return;
  } catch (error) {
    const answer = toSystemFailure(error);
    throw new VfsdError('VFSD_PROXY_SOCKET_FD', String(socket.fd), { answer, cause: error });
  }
  throw new VfsdError('VFSD_PROXY_SOCKET_FD', String(socket.fd), { answer: 'it is not a socket' });
}
