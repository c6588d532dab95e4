// SPDX-License-Identifier: Apache-2.0

import { Capability, capabilityMask, hasCapability } from '../sandbox/capabilities.js';
import type { SandboxPlan } from '../sandbox/plan.js';

/** What QEMU's own helper kept, and what for. */
const keptCapabilities: readonly Capability[] = [
  Capability.CHOWN,
  Capability.DAC_OVERRIDE,
  Capability.FOWNER,
  Capability.FSETID,
  Capability.SETGID,
  Capability.MKNOD,
  Capability.SETUID,
];

/**
 * How the helper is confined: always by namespaces, since what a client does with a descriptor of a directory stays in
 * the tree only where that is a mount without a parent.
 * @param effective the capabilities that the command has
 */
export function planProxyHelper(effective: bigint): SandboxPlan {
  const userNamespace = !hasCapability(effective, Capability.SYS_ADMIN);
  const available = userNamespace ? ~0n : effective;
  const kept = keptCapabilities.reduce((mask, one) => mask | capabilityMask(one), 0n);
  return Object.freeze({
    mode: 'namespace',
    userNamespace,
    capabilities: kept & available,
    inodeFileHandles: 'never',
  });
}
