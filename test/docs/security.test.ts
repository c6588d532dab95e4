// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import t from 'tap';
import { table } from './tables.js';

/** "`FILE`: `NAME`, `NAME`; `FILE`: `NAME`" */
function testsIn(cell = ''): readonly (readonly [file: string, names: readonly string[]])[] {
  return cell.split('; ').map((part): [string, readonly string[]] => {
    const [file = '', ...names] = Array.from(part.matchAll(/`([^`]+)`/g), ([, text = '']) => text);
    return [file, names];
  });
}

/** What is given to a test as its name: a string, or the name of a test of GoogleTest. */
function isNamedIn(source: string, name: string): boolean {
  return [`'${name}`, `\`${name}`, `} ${name}`, `, ${name})`].some((use) => source.includes(use));
}

t.test('each known attack of docs/security.md is a test that there is', async (t) => {
  const rows = table('attacks', 'security.md');
  t.ok(rows.length > 20);
  for (const [attack = '', layer, tests] of rows) {
    t.not(layer, '', attack);
    for (const [file, names] of testsIn(tests)) {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      t.ok(names.length > 0, `${attack}: a name in ${file}`);
      for (const name of names) t.ok(isNamedIn(source, name), `${file}: ${name}`);
    }
  }
});
