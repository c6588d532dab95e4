// SPDX-License-Identifier: Apache-2.0

/**
 * Prints what is inside of a package of vfsd, as CycloneDX 1.5: the npm packages that the bundle really contains, the headers that the
 * native part is compiled with, and the libraries that it is linked to.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const json = async (path) => JSON.parse(await readFile(`${root}${path}`, 'utf8'));
const own = await json('package.json');

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  loader: { '.policy': 'text' },
  metafile: true,
  write: false,
});

/** The directory of the package that a bundled file is of. */
const packageOf = (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
const bundled = Object.keys(metafile.inputs)
  .map(packageOf)
  .filter((path) => path !== undefined);
const directories = [...new Set([...bundled, 'node_modules/node-addon-api'])].sort();

const component = ({ name, version, license }, scope) => ({
  type: 'library',
  'bom-ref': `pkg:npm/${name.replace('@', '%40')}@${version}`,
  name,
  version,
  scope,
  purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  ...(license === undefined ? {} : { licenses: [{ license: { id: license } }] }),
});

const npm = await Promise.all(
  directories.map(async (path) => component(await json(`${path}/package.json`), 'required')),
);
const linked = [
  ['libseccomp', 'LGPL-2.1-only'],
  ['libstdc++', 'GPL-3.0-or-later WITH GCC-exception-3.1'],
].map(([name, license]) => ({
  type: 'library',
  'bom-ref': name,
  name,
  scope: 'required',
  description: 'linked at run time, from the system',
  licenses: [{ expression: license }],
}));

console.log(
  JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      version: 1,
      metadata: {
        component: {
          type: 'application',
          'bom-ref': 'vfsd',
          name: own.name,
          version: own.version,
          licenses: [{ license: { id: own.license } }],
        },
      },
      components: [...npm, ...linked],
    },
    null,
    2,
  ),
);
