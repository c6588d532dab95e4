// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants, statSync } from 'node:fs';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';

/** Refuses a path that is not a directory, or that the caller may not read. Throws VFSD_SHARE_UNUSABLE. */
export function checkSharedDirectory(path: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
    if (isDirectory) accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new VfsdError('VFSD_SHARE_UNUSABLE', path, {
      answer: toSystemFailure(error),
      cause: error,
    });
  }
  if (!isDirectory) {
    throw new VfsdError('VFSD_SHARE_UNUSABLE', path, { answer: 'it is not a directory' });
  }
}
