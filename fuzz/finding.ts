// SPDX-License-Identifier: Apache-2.0

import { inspect, isDeepStrictEqual } from 'node:util';

/** Something is not as it should be: what a fuzzer is there for. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

export function expectSame(what: string, got: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(got, wanted)) return;
  throw new Finding(`${what}: ${inspect(got)} instead of ${inspect(wanted)}`);
}

export function expectOneOf(what: string, got: string, wanted: readonly string[]): void {
  if (!wanted.includes(got)) throw new Finding(`${what}: ${got} instead of ${wanted.join(' or ')}`);
}

export function expectTrue(what: string, isTrue: boolean): void {
  if (!isTrue) throw new Finding(what);
}
