// SPDX-License-Identifier: Apache-2.0

/** Numbers as people read them, in at most seven columns. */

const thousands = ['', 'k', 'M', 'G', 'T', 'P'];
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three digits, or four where that saves a unit. */
function scaled(value: number, step: number): readonly [text: string, power: number] {
  let rest = value;
  let power = 0;
  while (rest >= (step === 1000 ? 9999.5 : 1023.5) && power < thousands.length - 1) {
    rest /= step;
    power += 1;
  }
  const isWhole = Number.isInteger(rest) && power === 0;
  return [isWhole || rest >= 99.95 ? rest.toFixed(0) : rest.toFixed(1), power];
}

export function count(value: number): string {
  const [text, power] = scaled(value, 1000);
  return `${text}${thousands[power] ?? ''}`;
}

export function bytes(value: number): string {
  const [text, power] = scaled(value, 1024);
  return `${text} ${binary[power] ?? ''}`;
}

/** Null: there is none. */
export function duration(nanoseconds: number | null): string {
  if (nanoseconds === null) return '-';
  for (const [unit, size] of [
    ['s', 1e9],
    ['ms', 1e6],
    ['µs', 1e3],
  ] as const) {
    // 999.5 µs would be 1000 of them.
    if (nanoseconds >= size * 0.9995) {
      const value = nanoseconds / size;
      return `${value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
    }
  }
  return `${nanoseconds.toFixed(0)} ns`;
}
