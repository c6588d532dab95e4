// SPDX-License-Identifier: Apache-2.0

import type { FlagOptionName } from '../options.js';
import type { GivenOptions } from '../validate.js';

/**
 * The file's options with those of the command line, which go first: a value or a list replaces the file's, and a flag
 * its opposite.
 */
export function mergeOptions(file: GivenOptions, commandLine: GivenOptions): GivenOptions {
  const values = { ...file.values };
  // Two ways to say where the socket is.
  if (commandLine.values.fd !== undefined) {
    delete values['socket-path'];
    delete values['socket-group'];
  }
  if (commandLine.values['socket-path'] !== undefined) delete values.fd;
  const flags = new Set<FlagOptionName>(
    [...file.flags].filter((flag) => !commandLine.flags.has(oppositeOf(flag))),
  );
  return {
    values: { ...values, ...commandLine.values },
    lists: { ...file.lists, ...commandLine.lists },
    flags: new Set([...flags, ...commandLine.flags]),
  };
}

/** Where there is none, a name that no flag has. */
function oppositeOf(flag: FlagOptionName): FlagOptionName {
  const opposite = flag.startsWith('no-') ? flag.slice('no-'.length) : `no-${flag}`;
  return opposite as FlagOptionName;
}
