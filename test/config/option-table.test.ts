// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import t from 'tap';
import { optionTable, replaceOptionTable } from '../../src/config/option-table.js';
import { optionDefinitions } from '../../src/config/options.js';

t.test("the README's table of options is up to date", async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  t.equal(readme, replaceOptionTable(readme), 'otherwise: npm run docs:options');
});

t.test('every option is in the table and says what it is for', async (t) => {
  const table = optionTable();
  for (const { name, summary } of optionDefinitions) {
    t.match(table, new RegExp(`\`--${name}[=\`[]`));
    t.ok(summary.endsWith('.'));
  }
});

t.test('a document without markers is left alone', async (t) => {
  t.throws(() => replaceOptionTable('# Title\n'), /markers/);
});
