// SPDX-License-Identifier: Apache-2.0

/**
 * Counts the instructions that a request costs in vfsd itself, over the null file system and without a system call, and
 * compares them with what was recorded: a figure that neither noise nor the machine's speed moves.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/device/native.js';
import { figure, markdown } from './table.js';

const usage = `Usage: npm run bench -- instructions [OPTION]...

  --with=COUNTER   perf or callgrind (perf where it can count, else callgrind)
  --record         keep what is counted as what later runs are compared with
  --help           this text

Fails when a request costs more than a tenth above what was recorded.
`;

const { values: options } = parseArgs({
  options: {
    with: { type: 'string' },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const program = join(projectRoot, 'build/Release/vfsd-instructions');
const recordFile = join(projectRoot, 'bench/instructions.json');
const tolerance = 1.1;

/** What is counted, and how many of it one request has. */
const kinds = [
  { name: 'getattr', kind: 'getattr', each: 1 },
  { name: 'lookup', kind: 'lookup', each: 1 },
  { name: 'read 4 KiB', kind: 'read', each: 1 },
  { name: 'write 4 KiB', kind: 'write', each: 1 },
  { name: 'readdirplus, per name', kind: 'readdirplus', each: 500 },
] as const;

type Counter = (kind: string, requests: number) => number | null;

function numberIn(pattern: RegExp, command: string, args: readonly string[]): number | null {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const [, found] = pattern.exec(status === 0 ? stderr : '') ?? [];
  return found === undefined ? null : Number(found.replaceAll(',', ''));
}

const counters: Readonly<Record<string, Counter>> = {
  perf: (kind, requests) =>
    numberIn(/^([0-9]+),,instructions/m, 'perf', [
      ...['stat', '-x,', '-e', 'instructions:u', program, kind, String(requests)],
    ]),
  callgrind: (kind, requests) =>
    numberIn(/I\s+refs:\s+([0-9,]+)/, 'valgrind', [
      ...['--tool=callgrind', '--callgrind-out-file=/dev/null', program, kind, String(requests)],
    ]),
};

if (options.help) process.stdout.write(usage);
else main();

/** The chosen counter, or the first that works here. */
function findCounter(): { readonly name: string; readonly count: Counter } {
  const names = options.with === undefined ? Object.keys(counters) : [options.with];
  for (const name of names) {
    const count = counters[name];
    if (count?.('getattr', 16) != null) return { name, count };
  }
  throw new Error(`instructions cannot be counted: no ${names.join(', no ')} that works`);
}

/** From two runs, so that what comes before the first request is not in it. */
function perRequest(count: Counter, kind: string, requests: number): number {
  const [once, twice] = [count(kind, requests), count(kind, 2 * requests)];
  if (once === null || twice === null) throw new Error(`${kind} was not counted`);
  return (twice - once) / requests;
}

type Recorded = Readonly<Record<string, Readonly<Record<string, number>>>>;

function main(): void {
  const { name: counter, count } = findCounter();
  const counted = kinds.map(({ name, kind, each }) => {
    const requests = each === 1 ? 16_000 : 1600;
    return [name, perRequest(count, kind, requests) / each] as const;
  });
  const recorded = JSON.parse(readFileSync(recordFile, 'utf8')) as Recorded;
  const before = recorded[process.arch] ?? {};
  const body = counted.map(([name, instructions]) => {
    const old = before[name];
    const change = old === undefined ? '-' : `${figure((instructions / old - 1) * 100)} %`;
    return [name, figure(instructions), figure(old), change];
  });
  process.stdout.write(
    `Instructions for each request, by ${counter}, ${process.arch}\n\n` +
      `${markdown(['request', 'counted', 'recorded', 'change'], body)}\n`,
  );
  if (options.record) {
    const rounded = counted.map(([name, value]) => [name, Math.round(value * 10) / 10]);
    const all = { ...recorded, [process.arch]: Object.fromEntries(rounded) as object };
    writeFileSync(recordFile, `${JSON.stringify(all, null, 2)}\n`);
    return;
  }
  const grown = counted.filter(([name, value]) => value > (before[name] ?? Infinity) * tolerance);
  if (grown.length > 0) {
    process.stderr.write(`dearer than recorded: ${grown.map(([name]) => name).join(', ')}\n`);
    process.exitCode = 1;
  }
}
