// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped`: trees of QEMU's 9p server on the host. */

import { writeSync } from 'node:fs';
import { usage } from '../../config/usage.js';
import { TreeAccess } from '../../mapped/tree-access.js';
import { loadBinding } from '../../native/binding.js';
import { runCheck } from './check-command.js';
import { runConvert } from './convert-command.js';
import { runDu } from './du-command.js';
import { runFind } from './find-command.js';
import { runLs } from './ls-command.js';
import { mappedCommands, type MappedCommand } from './mapped-commands.js';
import { mappedHelp } from './mapped-help.js';
import { Output } from './output.js';
import { runStat } from './stat-command.js';

const looking: Readonly<
  Record<
    Exclude<MappedCommand, 'convert'>,
    (access: TreeAccess, output: Output, args: readonly string[]) => number
  >
> = { ls: runLs, stat: runStat, du: runDu, find: runFind, check: runCheck };

/** Returns the exit status. Throws VfsdError. */
export function runMappedCommand(args: readonly string[]): number {
  const [name, ...rest] = args;
  if (name === undefined || args.includes('--help') || name === '-h') {
    writeSync(1, mappedHelp);
    return name === undefined ? 1 : 0;
  }
  const command = mappedCommands.find((candidate) => candidate === name);
  if (command === undefined) {
    throw usage(`vfsd mapped ${name}: there are ${mappedCommands.join(', ')}`);
  }
  const binding = loadBinding();
  if (command === 'convert') return runConvert(binding, rest);
  const output = new Output();
  try {
    return looking[command](new TreeAccess(binding.fileObjects), output, rest);
  } finally {
    output.flush();
  }
}
