// SPDX-License-Identifier: Apache-2.0

/** `--modcaps`: what the worker keeps more or less than it would. */

import { usage } from '../config/usage.js';
import { capabilityMask, findCapability, type Capability } from './capabilities.js';

export interface CapabilityChange {
  readonly capability: Capability;
  /** False: the worker gives it up. */
  readonly keep: boolean;
}

/** Understands `+sys_admin:-chown`. Throws VFSD_CONFIG_USAGE. */
export function parseCapabilityChanges(text: string): readonly CapabilityChange[] {
  const changes = text.split(':').map((part): CapabilityChange => {
    const wrong = (problem: string): Error => usage(`--modcaps=${text}: ${problem}`);
    if (part === '') throw wrong('a part is empty, where +NAME or -NAME should be');
    const sign = part.slice(0, 1);
    if (sign !== '+' && sign !== '-') throw wrong(`"${part}" begins with neither + nor -`);
    const capability = findCapability(part.slice(1));
    if (capability === undefined) {
      throw wrong(`"${part.slice(1)}" is not the name of a capability`);
    }
    return Object.freeze({ capability, keep: sign === '+' });
  });
  return Object.freeze(changes);
}

/** Applies the changes to a bit mask one after the other. */
export function changeCapabilities(mask: bigint, changes: readonly CapabilityChange[]): bigint {
  return changes.reduce((changed, { capability, keep }) => {
    const bit = capabilityMask(capability);
    return keep ? changed | bit : changed & ~bit;
  }, mask);
}
