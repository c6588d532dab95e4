// SPDX-License-Identifier: Apache-2.0

import type { DaemonConfig } from '../config/config.js';
import type { SandboxMode } from '../config/modes.js';
import { VfsdError } from '../errors.js';
import type { InodeFileHandles, SecurityModel } from '../native/types.js';
import {
  Capability,
  capabilityMask,
  capabilityName,
  hasCapability,
  keptCapabilityMask,
  mappedModelCapabilityMask,
} from './capabilities.js';
import { changeCapabilities } from './capability-changes.js';
import { chooseInodeFileHandles } from './inode-file-handles.js';

/** How the launcher is to confine the worker. */
export interface SandboxPlan {
  readonly mode: SandboxMode;
  /** The worker gets a user namespace, in which only the mapped ids exist: the caller's own, or those of the maps. */
  readonly userNamespace: boolean;
  /** Bit mask of the capabilities that the worker keeps. */
  readonly capabilities: bigint;
  readonly inodeFileHandles: InodeFileHandles;
}

/** What of the configuration decides about the sandbox. */
export type SandboxConfig = Pick<
  DaemonConfig,
  'sandbox' | 'uidMap' | 'gidMap' | 'capabilityChanges' | 'inodeFileHandles' | 'securityModel'
>;

/**
 * Throws VFSD_SANDBOX_CAPABILITY and VFSD_SANDBOX_FILE_HANDLES for what cannot be had.
 * @param effective the capabilities that the command has. Who may not make namespaces directly gets a user namespace,
 * in which everybody may; outside of one, nobody can keep what they do not have.
 * @param handlesStayInShare whether a file handle can name nothing that is not below the shared directory
 */
export function planSandbox(
  config: SandboxConfig,
  effective: bigint,
  handlesStayInShare: () => boolean,
): SandboxPlan {
  const mode = config.sandbox;
  const isMapped = config.uidMap.length > 0 || config.gidMap.length > 0;
  const userNamespace =
    mode === 'namespace' && (isMapped || !hasCapability(effective, Capability.SYS_ADMIN));
  const inodeFileHandles = chooseInodeFileHandles({
    wanted: config.inodeFileHandles,
    obstacle: handleObstacle(config, userNamespace, effective),
    staysInShare: handlesStayInShare,
  });
  const available = userNamespace ? ~0n : effective;
  const wanted = neededCapabilities(config.securityModel) & available;
  const capabilities = changeCapabilities(
    inodeFileHandles === 'never' ? wanted : wanted | capabilityMask(Capability.DAC_READ_SEARCH),
    config.capabilityChanges,
  );
  for (const { capability } of config.capabilityChanges) {
    if (!hasCapability(capabilities & ~available, capability)) continue;
    throw new VfsdError('VFSD_SANDBOX_CAPABILITY', capabilityName(capability), {
      answer: 'vfsd was started without it',
    });
  }
  return Object.freeze({ mode, userNamespace, capabilities, inodeFileHandles });
}

function neededCapabilities(model: SecurityModel): bigint {
  const isMapped = model === 'mapped-xattr' || model === 'mapped-file';
  return isMapped ? mappedModelCapabilityMask : keptCapabilityMask;
}

/** Why the worker cannot open file handles, in words; null: it can. */
function handleObstacle(
  { capabilityChanges }: SandboxConfig,
  userNamespace: boolean,
  effective: bigint,
): string | null {
  const needed = Capability.DAC_READ_SEARCH;
  if (userNamespace) return 'in a user namespace nobody may open them';
  if (!hasCapability(effective, needed)) return 'CAP_DAC_READ_SEARCH is missing';
  const isKept = hasCapability(changeCapabilities(effective, capabilityChanges), needed);
  return isKept ? null : '--modcaps takes CAP_DAC_READ_SEARCH away';
}
