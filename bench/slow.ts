// SPDX-License-Identifier: Apache-2.0

/** What a slow request does to fast ones on the same queue: cached requests with and without one under way all the time. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { root } from '../test/device/guest.js';
import {
  native,
  type HeldFileSystem,
  type WorkloadKind,
  type WorkloadParameters,
} from '../test/device/native.js';
import { conditions, describe } from './conditions.js';
import { openData } from './data-workloads.js';
import { furnish } from './furniture.js';
import { listOf, peerContenders, peerNames, vfsdContenders, type Contender } from './peers.js';
import { placeFrontEnd, placements } from './placements.js';
import { startSubject } from './subject.js';
import { figure, markdown, median } from './table.js';
import { runKind, type Parameters, type Scene } from './workload.js';

const usage = `Usage: npm run bench -- slow [OPTION]...

  --delay=MS         how long a READ of the slow file system takes (100)
  --depth=N          how many cached requests are under way (4)
  --rounds=N         how often each figure is taken (5)
  --duration=MS      how long each time (400)
  --placement=NAME   same, other or other-polling (other)
  --peers=LIST       which peers (${peerNames.join(',')}), each with and without a thread pool
  --variants=LIST    which of vfsd (vfsd)
  --dir=DIR          where the share is made (/dev/shm)
  --disk=DIR         the neighbour is an fsync of a file there, too
  --json             the result as JSON
  --help             this text
`;

const { values: options } = parseArgs({
  options: {
    delay: { type: 'string', default: '100' },
    depth: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    duration: { type: 'string', default: '400' },
    placement: { type: 'string', default: 'other' },
    peers: { type: 'string', default: peerNames.join(',') },
    variants: { type: 'string', default: 'vfsd' },
    dir: { type: 'string', default: '/dev/shm' },
    disk: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const pool = 64;
const page = 4096;
const O_RDONLY = 0;
const O_RDWR = 2;

interface Neighbour {
  readonly name: string;
  readonly directory: string;
  /** Prepares the share before the daemon starts, and answers what has to be closed behind it. */
  readonly furnish: (share: string) => HeldFileSystem | null;
  readonly open: (scene: Scene) => WorkloadParameters;
}

interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
}

interface Row {
  readonly contender: string;
  readonly neighbour: string;
  readonly workload: string;
  readonly alone: Latency;
  readonly beside: Latency;
  /** Operations of the neighbour in a second. */
  readonly neighbourRate: number;
  /** Why there are no figures. */
  readonly failure: string | null;
}

const cached: readonly {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly prepare: (scene: Scene) => Parameters;
}[] = [
  {
    name: 'getattr',
    kind: 'getattr',
    prepare: ({ guest }) => {
      const { node, attributes } = guest.lookup(root, 'file').entry;
      return { node, inode: attributes.ino, size: Number(attributes.size) };
    },
  },
  { name: 'read 4 KiB', kind: 'read-random', prepare: (scene) => openData(scene, page) },
];

const neighbours: readonly Neighbour[] = [
  {
    name: `a READ of ${options.delay} ms`,
    directory: options.dir,
    furnish: (share) => {
      mkdirSync(`${share}/slow`);
      return new native.HeldFileSystem(`${share}/slow`, Number(options.delay));
    },
    open: ({ guest }) => {
      const { node } = guest.lookup(guest.lookup(root, 'slow').node, 'file');
      const { handle } = guest.open(node, O_RDONLY);
      return { kind: 'read-unknown', node, handle, block: page };
    },
  },
  ...(options.disk === undefined
    ? []
    : [
        {
          name: 'WRITE and FSYNC',
          directory: options.disk,
          furnish: (share: string) => {
            writeFileSync(`${share}/synced`, Buffer.alloc(1 << 20));
            return null;
          },
          open: ({ guest }: Scene): WorkloadParameters => {
            const { node } = guest.lookup(root, 'synced');
            const { handle } = guest.open(node, O_RDWR);
            return { kind: 'write-and-sync', node, handle, size: 1 << 20, block: page };
          },
        },
      ]),
];

if (options.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  const peers = listOf(options.peers);
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(peers),
    ...peerContenders(peers, pool),
  ];
  const rows: Row[] = [];
  for (const neighbour of neighbours) {
    for (const contender of contenders) {
      process.stderr.write(`${neighbour.name}: ${contender.name}\n`);
      rows.push(...(await turn(contender, neighbour)));
    }
  }
  const found = conditions(options.dir, contenders);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions: found, rows }, null, 2)}\n`);
  } else {
    process.stdout.write(`${describe(found)}\n\n${table(rows)}\n`);
  }
}

async function turn(contender: Contender, neighbour: Neighbour): Promise<Row[]> {
  process.env['TMPDIR'] = neighbour.directory;
  let held: HeldFileSystem | null = null;
  const rows: Row[] = [];
  try {
    const subject = await startSubject(contender, {
      furnish: (share) => {
        furnish(share, new Set(['data']));
        held = neighbour.furnish(share);
      },
    });
    try {
      const [placement] = placements([options.placement]);
      if (placement === undefined) throw new Error('this machine has no such placement');
      subject.place(placement.daemon);
      placeFrontEnd(placement.frontEnd);
      const { machine, share } = subject;
      const scene = { machine, share, guest: machine.guest };
      const slow = neighbour.open(scene);
      for (const workload of cached) {
        rows.push(compare(scene, contender.name, neighbour.name, workload, slow, placement.spinNs));
      }
    } finally {
      // Before the share goes: what is mounted in it is not to be removed with it.
      (held as HeldFileSystem | null)?.close();
      held = null;
      await subject.end();
    }
  } catch (error) {
    (held as HeldFileSystem | null)?.close();
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    rows.push({
      contender: contender.name,
      neighbour: neighbour.name,
      workload: '-',
      alone: { p50Us: NaN, p99Us: NaN },
      beside: { p50Us: NaN, p99Us: NaN },
      neighbourRate: NaN,
      failure: reason,
    });
  }
  return rows;
}

/** In turn, so that what the machine does meanwhile reaches both. */
function compare(
  scene: Scene,
  contender: string,
  neighbour: string,
  workload: (typeof cached)[number],
  slow: WorkloadParameters,
  spinNs: number,
): Row {
  const parameters = workload.prepare(scene);
  const durationMs = Number(options.duration);
  const loop = { depth: Number(options.depth), durationMs, spinNs };
  const alone: Latency[] = [];
  const beside: Latency[] = [];
  const rates: number[] = [];
  runKind(scene, workload.kind, parameters, { ...loop, durationMs: durationMs / 5 });
  for (let round = 0; round < Number(options.rounds); round++) {
    const quiet = runKind(scene, workload.kind, parameters, loop);
    alone.push({ p50Us: quiet.p50Ns / 1000, p99Us: quiet.p99Ns / 1000 });
    const busy = runKind(scene, workload.kind, parameters, { ...loop, neighbour: slow });
    beside.push({ p50Us: busy.p50Ns / 1000, p99Us: busy.p99Ns / 1000 });
    rates.push(busy.neighbourOperations / (busy.elapsedNs / 1e9));
  }
  return {
    contender,
    neighbour,
    workload: workload.name,
    alone: middle(alone),
    beside: middle(beside),
    neighbourRate: median(rates),
    failure: null,
  };
}

function middle(latencies: readonly Latency[]): Latency {
  return {
    p50Us: median(latencies.map(({ p50Us }) => p50Us)),
    p99Us: median(latencies.map(({ p99Us }) => p99Us)),
  };
}

function table(rows: readonly Row[]): string {
  const head = [
    'neighbour',
    'daemon',
    'workload',
    'p50 µs: alone / beside it',
    'p99 µs: alone / beside it',
    'p99 ratio',
    'neighbour/s',
  ];
  const body = rows.map((row) => [
    row.neighbour,
    row.contender,
    row.failure === null ? row.workload : `died: ${row.failure}`,
    `${figure(row.alone.p50Us)} / ${figure(row.beside.p50Us)}`,
    `${figure(row.alone.p99Us)} / ${figure(row.beside.p99Us)}`,
    figure(row.beside.p99Us / row.alone.p99Us),
    figure(row.neighbourRate),
  ]);
  return markdown(head, body);
}
