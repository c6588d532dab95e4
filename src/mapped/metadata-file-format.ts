// SPDX-License-Identifier: Apache-2.0

/** mapped-file: metadata as lines of text, `virtfs.uid=0`, all numbers decimal and through C's int. */

import { guestDevice } from './device-number.js';
import { metadataFields, noMetadata, type Metadata, type MetadataField } from './metadata.js';

/** What fgets(3) takes at once: the rest of a longer line counts as a line of its own. */
const longestLine = 99;
/** What is read of a file. Four lines need less than a hundred bytes. */
export const readableSize = 64 * 1024;

const intMask = 0xffff_ffff;

/** Reads as QEMU does: the last line of a kind counts, unknown ones do not, and what is no number is 0. */
export function parseMetadata(text: Buffer): Metadata {
  const found: { -readonly [Field in MetadataField]: Metadata[Field] } = { ...noMetadata };
  for (const line of linesOf(text)) {
    const field = fieldOf(line);
    if (field === undefined) continue;
    // One character after the name is skipped, whatever it is.
    const value = cNumber(line.slice(prefixOf(field).length + 1));
    if (field === 'rdev') found.rdev = guestDevice(BigInt(value));
    else found[field] = value >>> 0;
  }
  return found;
}

/** Exactly what QEMU writes. */
export function printMetadata(metadata: Metadata): Buffer {
  const lines = metadataFields.map((field) => {
    const value = metadata[field];
    return value === null ? '' : `${prefixOf(field)}=${Number(BigInt.asIntN(32, BigInt(value)))}\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}

/** What is in a file beside the lines that QEMU writes, for people. Empty: nothing. */
export function oddLines(text: Buffer): readonly string[] {
  const seen = new Set<MetadataField>();
  const odd: string[] = [];
  if (text.length > 0 && text.at(-1) !== 0x0a) odd.push('the last line has no end');
  for (const line of linesOf(text)) {
    const field = fieldOf(line);
    const content = line.replace(/\n$/, '');
    if (field === undefined) odd.push(`an unknown line ${JSON.stringify(content)}`);
    else if (!/^=-?\d{1,10}$/.test(content.slice(prefixOf(field).length))) {
      odd.push(`no number in ${JSON.stringify(content)}`);
    } else if (seen.has(field)) odd.push(`${prefixOf(field)} twice`);
    if (field !== undefined) seen.add(field);
  }
  return odd;
}

function prefixOf(field: MetadataField): string {
  return `virtfs.${field}`;
}

function fieldOf(line: string): MetadataField | undefined {
  return metadataFields.find((field) => line.startsWith(prefixOf(field)));
}

function* linesOf(text: Buffer): Generator<string> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf(0x0a, start);
    const end = Math.min(newline < 0 ? text.length : newline + 1, start + longestLine);
    // For C a line ends at a NUL.
    const [line = ''] = text.toString('latin1', start, end).split('\0');
    yield line;
    start = end;
  }
}

/** atoi(3): of what is too large for a long, glibc takes the nearest, and an int keeps the low half. */
function cNumber(text: string): number {
  const [, digits] = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text) ?? [];
  if (digits === undefined) return 0;
  const long = BigInt(digits.replace('+', ''));
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  const clamped = long < least ? least : long > most ? most : long;
  return Number(clamped & BigInt(intMask)) | 0;
}
