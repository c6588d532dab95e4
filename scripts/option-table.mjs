// SPDX-License-Identifier: Apache-2.0

/**
 * Writes the table of options between the markers of README.md. `--check` only says whether it is up to date.
 * Bundles src/config/option-table.ts on the way, since Node 20 runs no TypeScript.
 */

import { Buffer } from 'node:buffer';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('../src/config/option-table.ts', import.meta.url))],
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
});
const source = Buffer.from(outputFiles[0].contents).toString('base64');
const { replaceOptionTable } = await import(`data:text/javascript;base64,${source}`);

const readme = new URL('../README.md', import.meta.url);
const before = await readFile(readme, 'utf8');
const after = replaceOptionTable(before);

if (!process.argv.includes('--check')) await writeFile(readme, after);
else if (after !== before) {
  console.error('README.md: the table of options is out of date, run: npm run docs:options');
  process.exitCode = 1;
}
