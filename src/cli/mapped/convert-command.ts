// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped convert`: from one security model to another. */

import { writeSync } from 'node:fs';
import { getuid, stderr } from 'node:process';
import { usage } from '../../config/usage.js';
import {
  convert,
  type ConversionRequest,
  type Outcome,
  type Reporter,
} from '../../mapped/conversion.js';
import type { SecurityModel } from '../../mapped/model.js';
import { holderOf } from '../../mapped/open-elsewhere.js';
import { TreeAccess } from '../../mapped/tree-access.js';
import { unwrap } from '../../native/binding.js';
import type { NativeBinding } from '../../native/types.js';
import { modelNamed, modelOption, octalMode, onePath, readArguments } from './arguments.js';

/** CAP_CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD: linux/capability.h. */
const neededCapabilities = [0n, 1n, 3n, 4n, 27n];
const progressIntervalMs = 200;

export function runConvert(binding: NativeBinding, args: readonly string[]): number {
  const request = requestOf(args);
  const capabilities = unwrap(
    binding.getEffectiveCapabilities(),
    'VFSD_NATIVE_CALL',
    'find out the capabilities of this process',
  );
  const surroundings = {
    access: new TreeAccess(binding.fileObjects),
    isRoot: neededCapabilities.every((bit) => (capabilities >> bit) % 2n === 1n),
    uid: getuid?.() ?? 0,
    traitsOf: (path: string) => binding.probeDirectory(path),
    holderOf,
  };
  const screen = new Screen();
  const outcome = convert(surroundings, request, screen.reporter);
  screen.clear();
  writeSync(1, `${summary(request, outcome)}\n`);
  return 0;
}

function requestOf(args: readonly string[]): ConversionRequest {
  const { paths, flags, values } = readArguments(args, {
    command: 'convert',
    flags: ['--dry-run', '--cross-mounts'],
    values: ['--from', '--to', '--copy-to', '--fmode', '--dmode', '--state', modelOption],
  });
  const from = modelOf(values, '--from', values.get(modelOption));
  const to = modelOf(values, '--to', undefined);
  if (from === to) throw usage(`vfsd mapped convert: --from and --to are both ${from}`);
  return {
    path: onePath(paths, 'convert'),
    from,
    to,
    copyTo: values.get('--copy-to') ?? null,
    state: values.get('--state') ?? null,
    fmode: octalMode(values.get('--fmode') ?? '0600', '--fmode'),
    dmode: octalMode(values.get('--dmode') ?? '0700', '--dmode'),
    crossesMounts: flags.has('--cross-mounts'),
    isDryRun: flags.has('--dry-run'),
  };
}

/** Never found out: what is to be changed, and as what, is said by who wants it. */
function modelOf(
  values: ReadonlyMap<string, string>,
  option: string,
  otherwise: string | undefined,
): SecurityModel {
  const text = values.get(option) ?? otherwise;
  if (text === undefined) throw usage(`vfsd mapped convert: give ${option}=MODEL`);
  return modelNamed(text, option);
}

function summary({ from, to, isDryRun, copyTo }: ConversionRequest, outcome: Outcome): string {
  const { objects, survey } = outcome;
  if (!isDryRun) return `${count(objects, 'object')}, all as before`;
  const { replaced, directories } = survey ?? { replaced: 0, directories: 0 };
  return [
    `would ${copyTo === null ? 'convert' : `copy to ${copyTo}`} ${count(objects, 'object')} from ${from} to ${to}:`,
    `${count(directories, 'directory', 'directories')},`,
    `${count(replaced, 'object')} of another type on the host; nothing is in the way, nothing was changed`,
  ].join(' ');
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

const stages: Readonly<Record<string, string>> = {
  look: 'looked at',
  convert: 'converted',
  verify: 'compared',
};

/** A line that is written over and over, on terminals only. */
class Screen {
  #shownAt = 0;
  #isShown = false;

  readonly reporter: Reporter = {
    note: (line) => {
      this.clear();
      writeSync(stderr.fd, `vfsd: ${line}\n`);
    },
    progress: (stage, objects) => {
      if (!stderr.isTTY || Date.now() - this.#shownAt < progressIntervalMs) return;
      this.#shownAt = Date.now();
      this.#isShown = true;
      writeSync(stderr.fd, `\r${count(objects, 'object')} ${stages[stage] ?? stage}\x1b[K`);
    },
  };

  clear(): void {
    if (this.#isShown) writeSync(stderr.fd, '\r\x1b[K');
    this.#isShown = false;
  }
}
