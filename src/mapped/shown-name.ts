// SPDX-License-Identifier: Apache-2.0

/**
 * Names as they can be shown. A guest has chosen them: what a terminal would obey (escape sequences, line ends, marks of
 * writing direction) is escaped as `ls -b` does, and so is what is not UTF-8.
 */

const decoder = new TextDecoder('utf-8', { fatal: true });
const shortEscapes = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x20, '\\ '],
  [0x5c, '\\\\'],
]);

/** Control and format characters, what is no character, and separators other than the space. */
const isUnshown = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

export function shownName(name: Uint8Array): string {
  let shown = '';
  for (let at = 0; at < name.length;) {
    const size = characterSize(name[at] ?? 0);
    const bytes = name.subarray(at, at + size);
    const character = decoded(bytes);
    if (character === null) {
      shown += escapedByte(name[at] ?? 0);
      at += 1;
      continue;
    }
    const byte = bytes[0] ?? 0;
    const isPlain = !shortEscapes.has(byte) && !isUnshown.test(character);
    shown += isPlain ? character : Array.from(bytes, escapedByte).join('');
    at += size;
  }
  return shown;
}

function characterSize(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    // Not UTF-8, which is no failure here: the bytes are shown one by one.
    return null;
  }
}

function escapedByte(byte: number): string {
  return shortEscapes.get(byte) ?? `\\${byte.toString(8).padStart(3, '0')}`;
}
