// SPDX-License-Identifier: Apache-2.0

import type { DaemonConfig } from '../config/config.js';
import { VfsdError } from '../errors.js';
import { isSystemFailure } from '../native/system-failure.js';
import type { NativeBinding } from '../native/types.js';

/** Refuses a share that has no place for what the model keeps. Throws VFSD_SHARE_XATTRS. */
export function checkSecurityModel(
  binding: Pick<NativeBinding, 'probeDirectory'>,
  { securityModel, sharedDir }: Pick<DaemonConfig, 'securityModel' | 'sharedDir'>,
): void {
  if (securityModel !== 'mapped-xattr') return;
  const { xattrs } = binding.probeDirectory(sharedDir);
  if (isSystemFailure(xattrs)) {
    throw new VfsdError('VFSD_SHARE_XATTRS', sharedDir, { answer: xattrs });
  }
}
