// SPDX-License-Identifier: Apache-2.0

import { VfsdError } from '../errors.js';
import type { InodeFileHandles } from '../native/types.js';

export interface InodeFileHandlesRequest {
  /** `--inode-file-handles`; null: not given. */
  readonly wanted: InodeFileHandles | null;
  /** Why the worker cannot have CAP_DAC_READ_SEARCH, in words; null: it can. */
  readonly obstacle: string | null;
  /** Whether a handle can name nothing that is not below the shared directory. Asked only where it matters. */
  readonly staysInShare: () => boolean;
}

/**
 * How the worker holds its inodes. Whoever has taken over a worker that may open handles can make up one for any file
 * of the same file system: without being asked for, that is done only where the share is all of it.
 * Throws VFSD_SANDBOX_FILE_HANDLES.
 */
export function chooseInodeFileHandles(request: InodeFileHandlesRequest): InodeFileHandles {
  const { wanted, obstacle, staysInShare } = request;
  if (obstacle !== null) {
    if (wanted !== 'mandatory') return 'never';
    throw new VfsdError('VFSD_SANDBOX_FILE_HANDLES', '', { answer: obstacle });
  }
  return wanted ?? (staysInShare() ? 'prefer' : 'never');
}
