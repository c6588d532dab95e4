// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { VfsdError } from '../errors.js';
import { Capability, hasCapability } from '../sandbox/capabilities.js';
import type { SandboxPlan } from '../sandbox/plan.js';

/** Switches of the kernel and of Debian's that turn user namespaces off when they are 0. */
const userNamespaceSwitches = [
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/kernel/unprivileged_userns_clone',
];

/** Reads a file of /proc/sys; null: this kernel has none such. */
export type ReadSetting = (path: string) => string | null;

/**
 * Refuses a sandbox that the machine or the caller's rights do not allow, before anything is started. Throws
 * VFSD_SANDBOX_CHROOT or VFSD_SANDBOX_USER_NAMESPACE.
 * @param capabilities the capabilities of this process
 */
export function checkSandboxSupport(
  plan: SandboxPlan,
  capabilities: bigint,
  readSetting: ReadSetting = readProcSetting,
): void {
  if (plan.mode === 'chroot' && !hasCapability(capabilities, Capability.SYS_CHROOT)) {
    throw new VfsdError('VFSD_SANDBOX_CHROOT', '', { answer: 'CAP_SYS_CHROOT is missing' });
  }
  if (!plan.userNamespace) return;
  for (const path of userNamespaceSwitches) {
    if (readSetting(path)?.trim() !== '0') continue;
    throw new VfsdError('VFSD_SANDBOX_USER_NAMESPACE', path, {
      answer: `${path} is 0, which forbids them`,
    });
  }
}

function readProcSetting(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
