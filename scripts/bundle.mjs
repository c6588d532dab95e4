// SPDX-License-Identifier: Apache-2.0

/**
 * Bundles the control plane into dist/vfsd.js. One file, because the confined worker can open no other: what is not
 * in it cannot be loaded later. The seccomp policies are embedded for the same reason.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/vfsd.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  legalComments: 'inline',
  sourcemap: 'linked',
  loader: { '.policy': 'text' },
  define: { VFSD_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
});
