// SPDX-License-Identifier: Apache-2.0

/** Set by scripts/bundle.mjs from package.json; absent when the sources run unbundled, as in the unit tests. */
declare const VFSD_VERSION: string | undefined;

/** The version that `--version` prints. */
export const version = typeof VFSD_VERSION === 'undefined' ? 'unbundled' : VFSD_VERSION;
