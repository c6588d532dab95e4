// SPDX-License-Identifier: Apache-2.0

import { getgid, getuid } from 'node:process';
import type { DaemonConfig } from '../config/config.js';
import { readNotification } from '../daemon/notification.js';
import type { StartConditions } from '../daemon/start.js';
import { VfsdError } from '../errors.js';
import { unwrap } from '../native/binding.js';
import type { NativeBinding } from '../native/types.js';
import { planSandbox } from '../sandbox/plan.js';
import { lookUpGroup } from './group.js';
import { checkIdMaps } from './id-map-support.js';
import { chooseOpenFileLimit, readSystemOpenFileLimit } from './open-file-limit.js';
import { handlesStayInShare } from './reach-of-handles.js';
import { checkSandboxSupport } from './sandbox-support.js';
import { checkSecurityModel } from './security-model.js';
import { checkSharedDirectory } from './shared-directory.js';
import { prepareSocketPath } from './socket-path.js';

/** What preflight asks of the addon. */
export type PreflightBinding = Pick<
  NativeBinding,
  'getOpenFileLimit' | 'getEffectiveCapabilities' | 'probeDirectory'
>;

/**
 * Checks everything that can be checked before anything is created, so that most mistakes are reported by the command
 * that the user typed, and nothing is left behind. Rejects with VfsdError.
 */
export async function preflight(
  binding: PreflightBinding,
  config: DaemonConfig,
): Promise<StartConditions> {
  const capabilities = unwrap(
    binding.getEffectiveCapabilities(),
    'VFSD_NATIVE_CALL',
    'find out the capabilities of this process',
  );
  const current = unwrap(
    binding.getOpenFileLimit(),
    'VFSD_NATIVE_CALL',
    'find out how many files this process may open',
  );
  checkSharedDirectory(config.sharedDir);
  checkSecurityModel(binding, config);
  const sandbox = planSandbox(config, capabilities, () => handlesStayInShare(config.sharedDir));
  checkSandboxSupport(sandbox, capabilities);
  checkIdMaps(config, { uid: callersId(getuid), gid: callersId(getgid), capabilities });
  const openFileLimit = chooseOpenFileLimit({
    wanted: config.openFileLimit,
    threads: config,
    current,
    systemLimit: readSystemOpenFileLimit(),
    capabilities,
  });
  const { socket } = config;
  let socketGroup: number | null = null;
  if (socket.kind === 'path') {
    if (socket.group !== null) socketGroup = lookUpGroup(socket.group);
    // Last, because it may remove a stale socket.
    await prepareSocketPath(socket.path);
  }
  if (config.controlSocket !== null) await prepareSocketPath(config.controlSocket);
  const notification = readNotification(process.env, process.pid);
  return { sandbox, socketGroup, openFileLimit, notification };
}

/** Node has no such functions on systems without ids, which vfsd does not run on. */
function callersId(ask: (() => number) | undefined): number {
  if (ask === undefined) throw new VfsdError('VFSD_NATIVE_CALL', 'find out whose process this is');
  return ask();
}
