// SPDX-License-Identifier: Apache-2.0

/** The largest user or group id: 2^32 - 1 means "none" to the kernel. */
export const maxId = 0xffff_fffe;

/** Numbers from `base` on. */
export interface IdRange {
  readonly base: number;
  readonly count: number;
}

/** A whole number in decimal, up to 2^32 - 1; null: something else. */
export function parseIdNumber(text: string): number | null {
  const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : Infinity;
  return number <= maxId + 1 ? number : null;
}

/** True when no id of the range is too large. */
export function isWithinIds({ base, count }: IdRange): boolean {
  return base + count - 1 <= maxId;
}

/** True when some id is in both. */
export function overlaps(one: IdRange, other: IdRange): boolean {
  return one.base < other.base + other.count && other.base < one.base + one.count;
}
