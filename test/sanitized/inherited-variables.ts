// SPDX-License-Identifier: Apache-2.0

/** In the place of src/daemon/inherited-variables.ts: the worker needs the sanitizer's library, and its options. */
export const inheritedVariables: readonly string[] = [
  ...['TZ', 'LANG', 'LC_ALL'],
  ...['LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS'],
];
