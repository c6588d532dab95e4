// SPDX-License-Identifier: Apache-2.0

/** Linux capabilities by number (linux/capability.h). */
export const Capability = Object.freeze({
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  LINUX_IMMUTABLE: 9,
  NET_BIND_SERVICE: 10,
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  IPC_OWNER: 15,
  SYS_MODULE: 16,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_PACCT: 20,
  SYS_ADMIN: 21,
  SYS_BOOT: 22,
  SYS_NICE: 23,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  SYS_TTY_CONFIG: 26,
  MKNOD: 27,
  LEASE: 28,
  AUDIT_WRITE: 29,
  AUDIT_CONTROL: 30,
  SETFCAP: 31,
  MAC_OVERRIDE: 32,
  MAC_ADMIN: 33,
  SYSLOG: 34,
  WAKE_ALARM: 35,
  BLOCK_SUSPEND: 36,
  AUDIT_READ: 37,
  PERFMON: 38,
  BPF: 39,
  CHECKPOINT_RESTORE: 40,
});

export type Capability = (typeof Capability)[keyof typeof Capability];

const capabilityNames = Object.keys(Capability) as readonly (keyof typeof Capability)[];

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

/** The bit mask of all that the worker keeps whatever its options are. */
export const keptCapabilityMask: bigint = keptCapabilities.reduce(
  (mask, { capability }) => mask | capabilityMask(capability),
  0n,
);

/** The same where everything on the host is the daemon's own user's: owners, modes and devices are the guest's alone. */
export const mappedModelCapabilityMask: bigint =
  capabilityMask(Capability.DAC_OVERRIDE) | capabilityMask(Capability.FOWNER);

/** True when `mask` contains the capability. */
export function hasCapability(mask: bigint, capability: Capability): boolean {
  return (mask & capabilityMask(capability)) !== 0n;
}

/** The capability of that name, with or without `cap_`, in capitals or not; undefined: there is none. */
export function findCapability(name: string): Capability | undefined {
  const plain = name.toUpperCase().replace(/^CAP_/, '');
  const known = capabilityNames.find((candidate) => candidate === plain);
  return known && Capability[known];
}

/** As capabilities(7) spells it. */
export function capabilityName(capability: Capability): string {
  return `CAP_${capabilityNames.find((name) => Capability[name] === capability) ?? capability}`;
}
