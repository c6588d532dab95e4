// SPDX-License-Identifier: Apache-2.0

/** What the options with a choice can be. */

import type { CacheMode, InodeFileHandles, Negotiation } from '../native/types.js';

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
