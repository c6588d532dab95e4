// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from 'node:url';

function besideTheBundle(path: string): string {
  // Node has resolved symbolic links to the bundle already, so this holds from every directory and through links.
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Where the parts of this installation lie, as absolute paths, seen from dist/vfsd.js. */
export const installation = Object.freeze({
  bundle: besideTheBundle('../dist/vfsd.js'),
  addon: besideTheBundle('../build/Release/vfsd.node'),
  launcher: besideTheBundle('../build/Release/vfsd-launcher'),
  proxyHelper: besideTheBundle('../build/Release/vfsd-proxy-helper'),
});
