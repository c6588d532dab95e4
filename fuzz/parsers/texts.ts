// SPDX-License-Identifier: Apache-2.0

/** Texts near those that a parser takes: put together of its words, and then damaged. */

import type { Random } from '../random.js';

const odd = [
  '\0',
  '\n',
  '\t',
  ' ',
  ':',
  '/',
  '\u{1f600}',
  'ß',
  '\ud800',
  '9'.repeat(12),
  '-1',
  '%',
  '__proto__',
];

function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.below(4));
  return random.pick([
    text.slice(0, at) + random.pick(odd) + text.slice(at),
    text.slice(0, at) + text.slice(end),
    text.slice(0, at) + text.slice(at, end).repeat(3) + text.slice(end),
    text.slice(0, at),
  ]);
}

/** A text of these words, with these between and around them. */
export function someText(
  random: Random,
  words: readonly string[],
  separators: readonly string[],
): string {
  let text = random.oneIn(2) ? random.pick(separators) : '';
  for (let count = random.below(14); count > 0; count--) {
    text += random.pick(words) + (random.oneIn(8) ? random.pick(odd) : random.pick(separators));
  }
  return withDamage(text, random);
}

/** Mostly as it is, else damaged in one place or in several. */
export function withDamage(text: string, random: Random): string {
  let result = text;
  for (let count = random.pick([0, 0, 1, 1, 3]); count > 0; count--)
    result = damaged(result, random);
  return result;
}
