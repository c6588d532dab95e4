// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { mergeOptions } from '../config/file/merge.js';
import { parseConfigFile } from '../config/file/parse-config-file.js';
import type { GivenOptions } from '../config/validate.js';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';
import { withoutOlderOptions } from './older-options.js';
import { parseArguments } from './parse-arguments.js';

/** The options of the command line, and of the file that it names. */
export async function givenOptions(args: readonly string[]): Promise<GivenOptions> {
  const commandLine = await parseArguments(withoutOlderOptions(args));
  const { config: path } = commandLine.values;
  if (path === undefined) return commandLine;
  return mergeOptions(parseConfigFile(path, readConfigFile(path)), commandLine);
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new VfsdError('VFSD_CONFIG_FILE', path, {
      answer: toSystemFailure(error),
      hint: 'name a file that you may read in --config',
    });
  }
}
