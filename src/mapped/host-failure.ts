// SPDX-License-Identifier: Apache-2.0

import type { ObjectPath } from './object-path.js';
import { VfsdError } from '../errors.js';
import { describeFailure, isSystemFailure, toSystemFailure } from '../native/system-failure.js';
import type { SystemFailure } from '../native/types.js';
import { shownName } from './shown-name.js';

/** What a call of the addon was refused, in the form of the errors that `node:fs` throws. */
class HostFailure extends Error {
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(failure: SystemFailure) {
    super(describeFailure(failure));
    ({ errno: this.errno, code: this.code, syscall: this.syscall } = failure);
  }
}

/** The result of a call of the addon, or its failure as an error. */
export function granted<T>(result: T): Exclude<T, SystemFailure> {
  if (isSystemFailure(result)) throw new HostFailure(result);
  return result as Exclude<T, SystemFailure>;
}

/** Says of which object of the tree a failure in `work` was, and what was to be done with it. */
export function about<T>(what: string, path: ObjectPath | string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof VfsdError) throw error;
    const answer = toSystemFailure(error);
    const shown = typeof path === 'string' ? shownName(Buffer.from(path)) : path.shown;
    throw new VfsdError('VFSD_MAPPED_ACCESS', `${what} ${shown}`, {
      answer,
      cause: error,
    });
  }
}

/** The system's answer in an error, for people. */
export function describeReason(error: unknown): string {
  const failure = error instanceof VfsdError ? error.failure : toSystemFailure(error);
  if (failure !== null) return describeFailure(failure);
  return error instanceof Error ? error.message : String(error);
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
