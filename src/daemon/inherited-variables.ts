// SPDX-License-Identifier: Apache-2.0

/**
 * What the daemon may inherit: the language and time zone of its messages. Everything else could load code into it
 * (NODE_OPTIONS, LD_PRELOAD) or is none of its business.
 */
export const inheritedVariables: readonly string[] = ['TZ', 'LANG', 'LC_ALL'];
