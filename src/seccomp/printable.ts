// SPDX-License-Identifier: Apache-2.0

const unprintable = /[^\x20-\x7e]|\\/g;

/** Text of unknown origin for a terminal: whatever is not plain ASCII as `\xNN`, byte by byte. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
