// SPDX-License-Identifier: Apache-2.0

import type { CacheMode } from '../native/types.js';
import { usage } from './usage.js';

/** How long the guest may trust what it was told, in whole nanoseconds: too many for a number, so decimal text. */
export interface CacheTimeouts {
  readonly entryNs: string;
  readonly attrNs: string;
  readonly negativeNs: string;
}

export type TimeoutOption = 'entry-timeout' | 'attr-timeout' | 'negative-timeout';

const maxSeconds = 1_000_000_000n;
const nanosecondDigits = 9;
const nanosecondsPerSecond = 10n ** BigInt(nanosecondDigits);

const day = '86400';
/** In seconds: for names and attributes, and for names that are not there. */
const standards: Readonly<
  Record<CacheMode, { readonly known: string; readonly negative: string }>
> = {
  never: { known: '0', negative: '0' },
  metadata: { known: day, negative: '0' },
  auto: { known: '1', negative: '0' },
  always: { known: day, negative: day },
};

/** The given timeouts, and those that go with the cache mode. Throws VFSD_CONFIG_USAGE. */
export function cacheTimeouts(
  given: Readonly<Partial<Record<TimeoutOption, string>>>,
  cache: CacheMode,
): CacheTimeouts {
  const { known, negative } = standards[cache];
  const timeout = (option: TimeoutOption, standard: string): string =>
    parseSeconds(option, given[option] ?? standard);
  return Object.freeze({
    entryNs: timeout('entry-timeout', known),
    attrNs: timeout('attr-timeout', known),
    negativeNs: timeout('negative-timeout', negative),
  });
}

/** Reads what {@link CacheTimeouts} is as JSON; null: it is something else. */
export function readCacheTimeouts(text: string): CacheTimeouts | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof given !== 'object' || given === null) return null;
  const { entryNs, attrNs, negativeNs } = given as Partial<Record<keyof CacheTimeouts, unknown>>;
  return isNanoseconds(entryNs) && isNanoseconds(attrNs) && isNanoseconds(negativeNs)
    ? Object.freeze({ entryNs, attrNs, negativeNs })
    : null;
}

function isNanoseconds(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[0-9]{1,19}$/.test(value) &&
    BigInt(value) <= maxSeconds * nanosecondsPerSecond
  );
}

function parseSeconds(option: TimeoutOption, text: string): string {
  const [, whole, fraction = ''] = /^([0-9]{1,10})(?:\.([0-9]{1,9}))?$/.exec(text) ?? [];
  if (whole !== undefined) {
    const nanoseconds =
      BigInt(whole) * nanosecondsPerSecond + BigInt(fraction.padEnd(nanosecondDigits, '0'));
    if (nanoseconds <= maxSeconds * nanosecondsPerSecond) return String(nanoseconds);
  }
  throw usage(
    `--${option}=${text} is not a number of seconds from 0 to ${maxSeconds}, ` +
      `with at most ${nanosecondDigits} digits after the point`,
  );
}
