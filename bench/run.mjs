// SPDX-License-Identifier: Apache-2.0

/** Bundles the benchmark, or `walk`, as the daemon is bundled, and runs it. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const walks = process.argv[2] === 'walk';
if (walks) process.argv.splice(2, 1);

await build({
  absWorkingDir: root,
  entryPoints: [walks ? 'bench/walk.ts' : 'bench/main.ts'],
  outfile: 'dist/bench.mjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  logLevel: 'warning',
});

await import('../dist/bench.mjs');
