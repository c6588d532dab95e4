// SPDX-License-Identifier: Apache-2.0

/** Bundles the fuzzers that are written in TypeScript, as the daemon is bundled, and runs them. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = `${root}/build/fuzz/main.mjs`;

await build({
  absWorkingDir: root,
  entryPoints: ['fuzz/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  sourcemap: 'inline',
  logLevel: 'warning',
});

process.setSourceMapsEnabled(true);
try {
  await import(bundle);
} catch (error) {
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
