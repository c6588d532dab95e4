// SPDX-License-Identifier: Apache-2.0

import { getSystemErrorMap } from 'node:util';
import type { SystemFailure } from './types.js';

// Looked up once: later the process can load nothing.
const errorMap = getSystemErrorMap();

/** True when a native function answered a failure instead of its result. */
export function isSystemFailure(value: unknown): value is SystemFailure {
  return typeof value === 'object' && value !== null && 'errno' in value && 'syscall' in value;
}

/** A failure as people read it: `bind: address already in use (EADDRINUSE)`, with the detail if there is one. */
export function describeFailure(failure: SystemFailure): string {
  const [, text] = errorMap.get(-failure.errno) ?? [failure.code, `error ${failure.errno}`];
  const answer = `${failure.syscall}: ${text} (${failure.code})`;
  return failure.detail === undefined ? answer : `${answer}, ${failure.detail}`;
}

/** The system's part of an error that a `node:fs` function threw; rethrows what is not a system error. */
export function toSystemFailure(error: unknown): SystemFailure {
  if (error instanceof Error && 'errno' in error && 'code' in error && 'syscall' in error) {
    const { errno, code, syscall } = error;
    if (typeof errno === 'number' && typeof code === 'string' && typeof syscall === 'string') {
      return { errno: Math.abs(errno), code, syscall };
    }
  }
  throw error;
}
