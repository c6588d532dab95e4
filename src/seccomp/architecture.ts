// SPDX-License-Identifier: Apache-2.0

import type { Architecture } from '../native/types.js';

/** Those that vfsd runs on. */
const ownNumbers = {
  x86_64: 0xc000_003e,
  aarch64: 0xc000_00b7,
} as const;

export type ArchitectureName = keyof typeof ownNumbers;

export const architectureNames = Object.keys(ownNumbers) as readonly ArchitectureName[];

/** Beside them, what an audit line may have: also a program of the same machine with calls of another kind. */
const otherNames: Readonly<Record<number, string>> = {
  0x4000_0003: 'i386',
  0x4000_0028: 'arm',
  0x4000_003e: 'x32',
  0xc000_00f3: 'riscv64',
};

export function architectureNumber(name: ArchitectureName): Architecture {
  return ownNumbers[name] as Architecture;
}

/** How people call it; its number where that is not known. */
export function architectureTitle(architecture: Architecture): string {
  const own = architectureNames.find((name) => ownNumbers[name] === architecture);
  return own ?? otherNames[architecture] ?? `architecture ${architecture.toString(16)}`;
}

/** True for one that vfsd runs on: its calls are in the policies. */
export function isOwnArchitecture(architecture: Architecture): boolean {
  return architectureNames.some((name) => ownNumbers[name] === architecture);
}

/** The one of this machine, by the name that Node has for it. Null: vfsd does not run here. */
export function nativeArchitecture(nodeName: string): ArchitectureName | null {
  if (nodeName === 'x64') return 'x86_64';
  return nodeName === 'arm64' ? 'aarch64' : null;
}
