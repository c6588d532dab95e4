// SPDX-License-Identifier: Apache-2.0

import { VfsdError } from '../errors.js';

/** An error in the use of the command. */
export function usage(problem: string): VfsdError {
  return new VfsdError('VFSD_CONFIG_USAGE', problem);
}
