// SPDX-License-Identifier: Apache-2.0

/**
 * The worker's own look at its confinement. The launcher makes it; this notices when a change there, or a kernel,
 * quietly gives less than was asked for. Failing here is better than serving.
 */

import { openSync, readFileSync } from 'node:fs';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';

/**
 * Refuses to go on with rights that the worker should have lost before its exec. Throws VFSD_SANDBOX_CONFINE.
 * @param kept bit mask of the capabilities that the launcher was to leave
 */
export function assertPrivilegesDropped(
  kept: bigint,
  status: string = readFileSync('/proc/self/status', 'utf8'),
): void {
  if (field(status, 'NoNewPrivs') !== '1') {
    throw refuse('no_new_privs is not set');
  }
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
    const mask = BigInt(`0x${field(status, set)}`);
    const excess = mask & ~kept;
    if (excess !== 0n) throw refuse(`${set} holds 0x${excess.toString(16)} too much`);
  }
}

/**
 * Makes sure that the main thread's filter is in force: it can look at no path. Throws VFSD_SANDBOX_CONFINE.
 * @param lookAt any call that takes a path
 */
export function assertPathsDenied(lookAt: () => unknown = () => openSync('/', 'r')): void {
  try {
    lookAt();
  } catch (error) {
    if (toSystemFailure(error).code === 'EPERM') return;
    throw error;
  }
  throw refuse('the main thread can still use paths');
}

function field(status: string, name: string): string {
  const value = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  if (value === undefined) throw refuse(`/proc/self/status does not say ${name}`);
  return value;
}

function refuse(answer: string): VfsdError {
  return new VfsdError('VFSD_SANDBOX_CONFINE', 'the launcher left the worker too many rights', {
    answer,
  });
}
