// SPDX-License-Identifier: Apache-2.0

/** Under what conditions something was measured: without them a figure says nothing. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Contender } from './peers.js';

export interface Conditions {
  readonly date: string;
  readonly machine: string;
  readonly kernel: string;
  readonly node: string;
  /** Of the first core; "unknown" where the machine does not say, as most virtual ones do not. */
  readonly governor: string;
  readonly fileSystem: string;
  readonly contenders: readonly {
    readonly name: string;
    readonly version: string;
    readonly command: string;
  }[];
}

const governorFile = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';

function versionOf({ version: [program = '', ...rest] }: Contender): string {
  const { stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
  const [line = 'unknown'] = `${stdout}${stderr}`.trim().split('\n');
  return line;
}

function commandOf({ command }: Contender): string {
  const [program = '', ...rest] = command({ share: 'SHARE', socket: 'SOCKET' });
  return [program.split('/').at(-1), ...rest].join(' ');
}

/** The type of the file system, from the longest mount point that the directory is below. */
function fileSystemOf(directory: string): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point = '-']) => `${directory}/`.startsWith(point === '/' ? '/' : `${point}/`))
    .toSorted(([, a = ''], [, b = '']) => b.length - a.length);
  return mounts[0]?.[2] ?? 'unknown';
}

export function conditions(directory: string, contenders: readonly Contender[]): Conditions {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `Linux ${release()}`,
    node: process.version,
    governor: existsSync(governorFile) ? readFileSync(governorFile, 'utf8').trim() : 'unknown',
    fileSystem: fileSystemOf(directory),
    contenders: contenders.map((contender) => ({
      name: contender.name,
      version: versionOf(contender),
      command: commandOf(contender),
    })),
  };
}

/** For the head of a report. */
export function describe(found: Conditions): string {
  const { machine, kernel, node, governor, fileSystem, date } = found;
  const lines = found.contenders.map(
    ({ name, version, command }) => `- ${name}: ${version}; \`${command}\``,
  );
  return [
    `${machine}, ${kernel}, Node ${node}, governor ${governor}, ${fileSystem}; ${date}`,
    '',
    ...lines,
  ].join('\n');
}
