// SPDX-License-Identifier: Apache-2.0

import type { SandboxMode } from '../config/config.js';
import { Capability, hasCapability, keptCapabilityMask } from './capabilities.js';

/** How the launcher is to confine the worker. */
export interface SandboxPlan {
  readonly mode: SandboxMode;
  /** The worker gets a user namespace in which only the caller's own ids exist. */
  readonly userNamespace: boolean;
  /** Bit mask of the capabilities that the worker keeps. */
  readonly capabilities: bigint;
}

/**
 * @param effective the capabilities that the command has. Who may not make namespaces directly gets a user namespace,
 * in which everybody may; outside of one, nobody can keep what they do not have.
 */
export function planSandbox(mode: SandboxMode, effective: bigint): SandboxPlan {
  const userNamespace = mode === 'namespace' && !hasCapability(effective, Capability.SYS_ADMIN);
  const capabilities = userNamespace ? keptCapabilityMask : keptCapabilityMask & effective;
  return Object.freeze({ mode, userNamespace, capabilities });
}
