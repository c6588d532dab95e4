// SPDX-License-Identifier: Apache-2.0

/**
 * Writes what is generated from the sources: the table of options into README.md and that of errors into docs/errors.md, between
 * their markers, the man page and the completions for shells. `--check` only says whether they are up to date. Bundles the sources on the way, since Node 20
 * runs no TypeScript.
 */

import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Runs a module of src/. */
async function load(path) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${source}`);
}

const { replaceOptionTable } = await load('config/option-table.ts');
const { manPage } = await load('config/man-page.ts');
const { bashCompletion, zshCompletion } = await load('config/completion.ts');
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const { errorTable } = await load('error-table.ts');

function replaceErrorTable(document) {
  const [begin, end] = ['<!-- errors:begin -->', '<!-- errors:end -->'];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the markers ${begin} and ${end} are missing`);
  return `${document.slice(0, from + begin.length)}\n\n${errorTable()}\n\n${document.slice(to)}`;
}

for (const [path, replace] of [
  ['README.md', replaceOptionTable],
  ['docs/errors.md', replaceErrorTable],
  ['packaging/man/vfsd.1', () => manPage(version)],
  ['packaging/completion/vfsd.bash', bashCompletion],
  ['packaging/completion/_vfsd', zshCompletion],
]) {
  const file = new URL(`../${path}`, import.meta.url);
  const before = existsSync(file) ? await readFile(file, 'utf8') : '';
  const after = replace(before);
  if (!process.argv.includes('--check')) await writeFile(file, after);
  else if (after !== before) {
    console.error(`${path} is out of date, run: npm run docs:options`);
    process.exitCode = 1;
  }
}
