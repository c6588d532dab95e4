// SPDX-License-Identifier: Apache-2.0

/** Bundles the benchmark, or one of its parts, as the daemon is bundled, and runs it. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const parts = [
  'walk',
  'slow',
  'growth',
  'queues',
  'idle',
  'start',
  'crowded',
  'instructions',
  'guest',
];
const part = parts.find((name) => name === process.argv[2]) ?? 'main';
if (part !== 'main') process.argv.splice(2, 1);
const bundle = `${root}/build/bench/${part}.mjs`;

await build({
  absWorkingDir: root,
  entryPoints: [`bench/${part}.ts`],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  logLevel: 'warning',
});

try {
  await import(bundle);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
