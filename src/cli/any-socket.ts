// SPDX-License-Identifier: Apache-2.0

import type { GivenOptions } from '../config/validate.js';

const anyDescriptor = '3';

/** Options that need not say where the front-end connects: a service manager may pass that socket. */
export function withAnySocket(given: GivenOptions): GivenOptions {
  const { values } = given;
  const isGiven = values['socket-path'] !== undefined || values.fd !== undefined;
  return isGiven ? given : { ...given, values: { ...values, fd: anyDescriptor } };
}
