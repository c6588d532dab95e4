// SPDX-License-Identifier: Apache-2.0

/** The subcommands of `vfsd mapped`. */
export const mappedCommands = ['ls', 'stat', 'du', 'find', 'check', 'convert'] as const;
export type MappedCommand = (typeof mappedCommands)[number];
