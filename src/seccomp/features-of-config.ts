// SPDX-License-Identifier: Apache-2.0

import { hasLockThreads, type DaemonConfig } from '../config/config.js';
import type { InodeFileHandles } from '../native/types.js';
import { features, type Feature } from './parse-policy.js';

/** What of the policies these options need. */
export function featuresOf(
  config: DaemonConfig,
  inodeFileHandles: InodeFileHandles,
): ReadonlySet<Feature> {
  const has: Readonly<Record<Feature, boolean>> = {
    writing: !config.readonly,
    locks: hasLockThreads(config),
    handles: inodeFileHandles !== 'never',
    xattr: config.xattr || config.securityModel === 'mapped-xattr',
  };
  return new Set(features.filter((feature) => has[feature]));
}
