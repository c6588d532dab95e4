// SPDX-License-Identifier: Apache-2.0

/** The tables of a document in docs/, each between `<!-- table:NAME -->` and `<!-- table:end -->`. */

import { readFileSync } from 'node:fs';

/** The rows of a table below its heading, each a list of cells. */
export function table(name: string, file = 'compatibility.md'): readonly (readonly string[])[] {
  const document = readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
  const text = new RegExp(`<!-- table:${name} -->\n(.*?)<!-- table:end -->`, 's').exec(
    document,
  )?.[1];
  if (text === undefined) throw new Error(`docs/${file} has no table ${name}`);
  return text
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
}

/** What stands in backticks in a cell. */
export function quoted(cell = ''): readonly string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, text = '']) => text);
}
