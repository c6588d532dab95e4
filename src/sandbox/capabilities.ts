// SPDX-License-Identifier: Apache-2.0

/** Linux capabilities by number (linux/capability.h), as far as vfsd speaks of them. */
export const Capability = Object.freeze({
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  FSETID: 4,
  SETGID: 6,
  SETUID: 7,
  SYS_CHROOT: 18,
  SYS_ADMIN: 21,
  SYS_RESOURCE: 24,
  MKNOD: 27,
  SETFCAP: 31,
});

export type Capability = (typeof Capability)[keyof typeof Capability];

/** A capability that the worker keeps for good, and what for. */
export interface KeptCapability {
  readonly capability: Capability;
  readonly reason: string;
}

/**
 * What serving a directory as root needs and nothing more. In a user namespace the same set counts only for files of
 * the ids that are mapped into it.
 */
export const keptCapabilities: readonly KeptCapability[] = Object.freeze([
  { capability: Capability.CHOWN, reason: "the guest's root gives files away" },
  { capability: Capability.DAC_OVERRIDE, reason: "the guest's root is bound by no mode bits" },
  { capability: Capability.FOWNER, reason: "chmod, utimes and xattrs on other users' files" },
  { capability: Capability.FSETID, reason: 'set-id bits stay on when the guest says so' },
  {
    capability: Capability.SETGID,
    reason: 'files are created with the group of the guest process',
  },
  {
    capability: Capability.SETUID,
    reason: 'files are created with the owner of the guest process',
  },
  { capability: Capability.MKNOD, reason: 'device nodes, which are never opened here' },
  { capability: Capability.SETFCAP, reason: 'file capabilities, as package managers set them' },
]);

/** The bit mask of one capability. */
export function capabilityMask(capability: Capability): bigint {
  return 1n << BigInt(capability);
}

/** The bit mask of all that the worker may keep. */
export const keptCapabilityMask: bigint = keptCapabilities.reduce(
  (mask, { capability }) => mask | capabilityMask(capability),
  0n,
);

/** True when `mask` contains the capability. */
export function hasCapability(mask: bigint, capability: Capability): boolean {
  return (mask & capabilityMask(capability)) !== 0n;
}
