// SPDX-License-Identifier: Apache-2.0

/**
 * Bundles the control plane into dist/vfsd.js. One file, because the confined worker can open no other: what is not
 * in it cannot be loaded later. The seccomp policies are embedded for the same reason.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

/** `--sanitized` takes the modules of test/sanitized that differ, see scripts/build-sanitized. */
const { values: options } = parseArgs({
  options: {
    outfile: { type: 'string', default: 'dist/vfsd.js' },
    sanitized: { type: 'boolean', default: false },
  },
});

const sanitizedModules = {
  name: 'sanitized-modules',
  setup({ onResolve }) {
    onResolve({ filter: /\/(policies|inherited-variables)\.js$/ }, ({ path }) => ({
      path: `${root}test/sanitized/${path.split('/').at(-1).replace(/js$/, 'ts')}`,
    }));
  },
};

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: options.outfile,
  plugins: options.sanitized ? [sanitizedModules] : [],
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
