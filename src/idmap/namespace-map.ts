// SPDX-License-Identifier: Apache-2.0

/** `--uid-map` and `--gid-map`: which ids of the host exist in the daemon's user namespace, and as which. */

import { usage } from '../config/usage.js';
import { isWithinIds, maxId, overlaps, parseIdNumber, type IdRange } from './id.js';

/** `count` ids from `inside` on in the namespace are those from `host` on outside of it. */
export interface NamespaceRange {
  readonly inside: number;
  readonly host: number;
  readonly count: number;
}

export type NamespaceMapOption = 'uid-map' | 'gid-map';

/** user_namespaces(7): as many lines as a map may have. */
const maxRanges = 340;

interface ParsedRange extends NamespaceRange {
  readonly text: string;
}

/** Understands `:INSIDE:HOST:COUNT:`, one or several. Throws VFSD_CONFIG_USAGE. */
export function parseNamespaceMap(
  option: NamespaceMapOption,
  texts: readonly string[],
): readonly NamespaceRange[] {
  if (texts.length > maxRanges) {
    throw usage(`--${option} is given ${texts.length} times: the kernel takes ${maxRanges} ranges`);
  }
  const ranges = texts.map((text) => parseRange(option, text));
  for (const [index, range] of ranges.entries()) {
    for (const earlier of ranges.slice(0, index)) checkDisjoint(option, earlier, range);
  }
  // The worker runs as user 0 of its namespace: only so it has its capabilities there.
  if (ranges.length > 0 && !ranges.some(({ inside }) => inside === 0)) {
    throw usage(
      `--${option} maps no id of the host to 0, as which the daemon runs in its namespace: map 0`,
    );
  }
  return Object.freeze(
    ranges.map(({ inside, host, count }) => Object.freeze({ inside, host, count })),
  );
}

function parseRange(option: NamespaceMapOption, text: string): ParsedRange {
  const wrong = (problem: string): Error => usage(`--${option}=${text}: ${problem}`);
  const separator = text.slice(0, 1);
  if (separator === '' || /[0-9]/.test(separator)) {
    throw wrong('a range begins with its separator, as in :0:100000:65536:');
  }
  if (text.length < 2 || !text.endsWith(separator)) {
    throw wrong(`a range that begins with "${separator}" also ends with it`);
  }
  const fields = text.slice(1, -1).split(separator);
  if (fields.length !== 3) {
    throw wrong(`a range has 3 numbers, INSIDE, HOST and COUNT, and not ${fields.length}`);
  }
  const number = (index: number, what: string): number => {
    const field = fields[index] ?? '';
    const value = parseIdNumber(field);
    if (value === null) throw wrong(`the ${what} "${field}" is not a whole number below 2^32`);
    return value;
  };
  const range = {
    inside: number(0, 'id inside'),
    host: number(1, 'id of the host'),
    count: number(2, 'count'),
    text,
  };
  if (range.count === 0) throw wrong('the count is 0');
  for (const [what, side] of [
    ['inside', insideOf(range)],
    ['of the host', hostOf(range)],
  ] as const) {
    if (!isWithinIds(side)) throw wrong(`the ids ${what} go beyond ${maxId}, the largest there is`);
  }
  return range;
}

function checkDisjoint(option: NamespaceMapOption, earlier: ParsedRange, later: ParsedRange): void {
  const place = overlaps(insideOf(earlier), insideOf(later))
    ? 'in the namespace'
    : overlaps(hostOf(earlier), hostOf(later))
      ? 'on the host'
      : null;
  if (place === null) return;
  throw usage(`--${option}=${earlier.text} and --${option}=${later.text} overlap ${place}`);
}

function insideOf({ inside, count }: NamespaceRange): IdRange {
  return { base: inside, count };
}

function hostOf({ host, count }: NamespaceRange): IdRange {
  return { base: host, count };
}
