// SPDX-License-Identifier: Apache-2.0

import { createRequire } from 'node:module';
import { VfsdError, type ErrorCode } from '../errors.js';
import { installation } from '../installation.js';
import { isSystemFailure } from './system-failure.js';
import type { NativeBinding, SystemFailure } from './types.js';

/** Loads the addon. The only place that does, and the only cast from what it exports to the contract. */
export function loadBinding(): NativeBinding {
  const path = installation.addon;
  try {
    return createRequire(import.meta.url)(path) as NativeBinding;
  } catch (error) {
    const answer = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new VfsdError('VFSD_NATIVE_MISSING', path, { answer, cause: error });
  }
}

/** The result of a native function, or its failure as an error. */
export function unwrap<T>(result: T, code: ErrorCode, subject: string): Exclude<T, SystemFailure> {
  if (isSystemFailure(result)) throw new VfsdError(code, subject, { answer: result });
  return result as Exclude<T, SystemFailure>;
}
