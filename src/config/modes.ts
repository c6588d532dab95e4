// SPDX-License-Identifier: Apache-2.0

/** What the options with a choice can be. */

import type { CacheMode, InodeFileHandles, Negotiation, SecurityModel } from '../native/types.js';

export const sandboxModes = ['namespace', 'chroot', 'none'] as const;
export type SandboxMode = (typeof sandboxModes)[number];

export const seccompModes = ['kill', 'log', 'trap', 'none'] as const;
/** What happens to a system call that the policy does not have; `none`: there is no filter. */
export type SeccompMode = (typeof seccompModes)[number];

export const cacheModes = ['auto', 'always', 'metadata', 'never'] as const satisfies CacheMode[];

export const negotiations = ['auto', 'always', 'never'] as const satisfies Negotiation[];

export const inodeFileHandleModes = [
  'never',
  'prefer',
  'mandatory',
] as const satisfies InodeFileHandles[];

/** `mapped` is what 9p's users call the first of them. */
export const securityModels = [
  'passthrough',
  'mapped',
  'mapped-xattr',
  'mapped-file',
  'none',
] as const;

export function securityModelOf(name: (typeof securityModels)[number]): SecurityModel {
  return name === 'mapped' ? 'mapped-xattr' : name;
}
