// SPDX-License-Identifier: Apache-2.0

/** Bundles the benchmark, or one of its parts, as the daemon is bundled, and runs it. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const parts = ['walk', 'slow', 'growth', 'queues', 'idle', 'crowded', 'instructions', 'guest'];
const part = parts.find((name) => name === process.argv[2]);
if (part !== undefined) process.argv.splice(2, 1);

await build({
  absWorkingDir: root,
  entryPoints: [`bench/${part ?? 'main'}.ts`],
  outfile: 'build/bench/bench.mjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  logLevel: 'warning',
});

await import('../build/bench/bench.mjs');
