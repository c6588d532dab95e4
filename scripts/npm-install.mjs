// SPDX-License-Identifier: Apache-2.0

/**
 * Runs when the npm package is installed: the native part that comes with it is for Linux on x86_64 with glibc; anywhere else, or where
 * it cannot be loaded, it is built from the sources that come along.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const release = resolve(root, 'build/Release');

function canBeUsed() {
  try {
    createRequire(import.meta.url)(resolve(release, 'vfsd.node'));
    for (const program of ['vfsd-launcher', 'vfsd-proxy-helper']) {
      accessSync(resolve(release, program), constants.X_OK);
    }
    return spawnSync(resolve(release, 'vfsd-launcher'), []).error === undefined;
  } catch {
    return false;
  }
}

// A checkout builds everything with `npm run build`.
const isCheckout = existsSync(resolve(root, 'src'));

if (!isCheckout && !canBeUsed()) {
  console.error(
    'vfsd: building the native part (needs g++ 12, make, python3, libseccomp-dev and the headers of Node.js)',
  );
  // npm says where its own node-gyp is; the headers that came with this Node.js are used, so that nothing is fetched.
  const gyp = process.env.npm_config_node_gyp;
  const headers = resolve(process.execPath, '../..');
  const [program, ...first] = gyp === undefined ? ['node-gyp'] : [process.execPath, gyp];
  const { status, error } = spawnSync(program, [...first, 'rebuild', `--nodedir=${headers}`], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0 || !canBeUsed()) {
    console.error(
      `vfsd: the native part could not be built${error === undefined ? '' : `: ${error.message}`}`,
    );
    process.exitCode = 1;
  }
}
