// SPDX-License-Identifier: Apache-2.0

/**
 * What an operation costs, and an inode takes, when the guest knows a thousand inodes, and when it knows a million: a
 * walk through a tree as `find` does it, and a storm of new files.
 */

import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { root } from '../test/device/guest.js';
import { conditions, describe } from './conditions.js';
import { listOf, vfsdContenders } from './peers.js';
import { startSubject, type Subject } from './subject.js';
import { figure, markdown } from './table.js';
import { runKind, type Scene } from './workload.js';

const usage = `Usage: npm run bench -- growth [OPTION]...

  --sizes=LIST     how many inodes, in thousands (1,10,100,1000)
  --limit=N        --rlimit-nofile of the daemon (4096)
  --handles=MODE   --inode-file-handles of the daemon (prefer)
  --variant=NAME   which of vfsd (vfsd)
  --dir=DIR        where the trees are made (/dev/shm)
  --json           the result as JSON
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,10,100,1000' },
    limit: { type: 'string', default: '4096' },
    handles: { type: 'string', default: 'prefer' },
    variant: { type: 'string', default: 'vfsd' },
    dir: { type: 'string', default: '/dev/shm' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const files = 1000;
const hour = 3_600_000;
const depth = 16;

interface Growth {
  /** How many the guest knows at the end. */
  readonly inodes: number;
  readonly cpuUs: number;
  /** Of the last step, for each inode that it has added; NaN where it has added none. */
  readonly bytes: number;
}

interface Result {
  readonly size: number;
  readonly walk: Growth;
  readonly again: Growth;
  readonly storm: Growth;
}

if (options.help) process.stdout.write(usage);
else await main();

/** Of the process that has most: the worker. */
function residentBytes({ pids }: Subject): number {
  const all = pids.map((pid) => {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  });
  return Math.max(...all);
}

async function withSubject<T>(
  furnish: (share: string) => void,
  work: (subject: Subject, scene: Scene) => T,
): Promise<T> {
  const [contender] = vfsdContenders([options.variant]);
  if (contender === undefined) throw new Error('there is nothing to measure');
  const subject = await startSubject(contender, {
    furnish,
    arguments: [`--rlimit-nofile=${options.limit}`, `--inode-file-handles=${options.handles}`],
  });
  try {
    const { machine, share } = subject;
    return work(subject, { machine, share, guest: machine.guest });
  } finally {
    await subject.end();
  }
}

function makeTree(share: string, directories: number): void {
  for (let d = 0; d < directories; d++) {
    mkdirSync(`${share}/d${d}`);
    for (let f = 0; f < files; f++) closeSync(openSync(`${share}/d${d}/file number ${f}`, 'w'));
  }
}

/** CPU and memory of one step, by the inodes that it goes through or adds. */
function step(subject: Subject, inodes: number, added: number, work: () => void): Growth {
  const memory = residentBytes(subject);
  const before = subject.usage();
  work();
  const { cpuNs } = subject.usage();
  const bytes = added === 0 ? NaN : (residentBytes(subject) - memory) / added;
  return { inodes, cpuUs: (cpuNs - before.cpuNs) / 1000 / inodes, bytes };
}

function walk(directories: number): Promise<readonly [Growth, Growth]> {
  return withSubject(
    (share) => {
      makeTree(share, directories);
    },
    (subject, scene) => {
      const inodes = directories * (files + 1);
      const go = (): void => {
        const parameters = { size: directories, block: files };
        runKind(scene, 'walk', parameters, { depth, durationMs: hour });
      };
      return [step(subject, inodes, inodes, go), step(subject, inodes, 0, go)] as const;
    },
  );
}

/** One storm that goes on: each step makes what is missing to the next size. */
function storm(sizes: readonly number[]): Promise<Growth[]> {
  const all = Math.max(...sizes);
  return withSubject(
    (share) => {
      for (let d = 0; d < all; d++) mkdirSync(`${share}/d${d}`);
    },
    (subject, scene) => {
      const nodes = Array.from({ length: all }, (_, d) => scene.guest.lookup(root, `d${d}`).node);
      let made = 0;
      return sizes.map((size) => {
        const next = nodes.slice(made, size);
        const growth = step(subject, next.length * files, next.length * files, () => {
          const parameters = { nodes: next, size: files, name: 'new file ' };
          runKind(scene, 'storm', parameters, { depth, durationMs: hour });
        });
        made = size;
        const [last = ''] = readdirSync(scene.share).slice(-1);
        if (size === all && readdirSync(`${scene.share}/${last}`).length !== files) {
          throw new Error('files are missing that were made');
        }
        return { ...growth, inodes: size * files };
      });
    },
  );
}

async function main(): Promise<void> {
  process.env['TMPDIR'] = options.dir;
  const sizes = listOf(options.sizes)
    .map(Number)
    .toSorted((a, b) => a - b);
  process.stderr.write('storm\n');
  const storms = await storm(sizes);
  const results: Result[] = [];
  for (const [index, size] of sizes.entries()) {
    process.stderr.write(`walk, ${size} directories of ${files}\n`);
    const [first, again] = await walk(size);
    const stormed = storms[index];
    if (stormed !== undefined) results.push({ size, walk: first, again, storm: stormed });
  }
  const found = conditions(options.dir, vfsdContenders([options.variant]));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions: found, results }, null, 2)}\n`);
  } else {
    process.stdout.write(`${describe(found)}\n\n${table(results)}\n\n${plot(results)}\n`);
  }
}

function table(results: readonly Result[]): string {
  const head = [
    'inodes',
    'walk, CPU µs/inode: first / again',
    'bytes/inode',
    'storm, CPU µs/file',
    'bytes/inode',
  ];
  const body = results.map((result) => [
    (result.size * files).toLocaleString('en-US'),
    `${figure(result.walk.cpuUs)} / ${figure(result.again.cpuUs)}`,
    figure(result.walk.bytes),
    figure(result.storm.cpuUs),
    figure(result.storm.bytes),
  ]);
  return markdown(head, body);
}

function plot(results: readonly Result[]): string {
  const line = (value: (result: Result) => number): string =>
    `  line [${results.map((result) => value(result).toFixed(3)).join(', ')}]`;
  const names = results.map(({ size }) => `"${(size * files).toLocaleString('en-US')}"`);
  const highest = Math.max(
    ...results.flatMap((result) => [result.walk, result.again, result.storm].map((g) => g.cpuUs)),
  );
  return [
    '```mermaid',
    'xychart-beta',
    '  title "CPU µs: a file made, an inode found first, an inode found again"',
    `  x-axis "inodes that the guest knows" [${names.join(', ')}]`,
    `  y-axis "µs" 0 --> ${Math.ceil(highest)}`,
    line(({ storm: made }) => made.cpuUs),
    line(({ walk: first }) => first.cpuUs),
    line(({ again }) => again.cpuUs),
    '```',
  ].join('\n');
}
