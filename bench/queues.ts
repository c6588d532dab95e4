// SPDX-License-Identifier: Apache-2.0

/** Several request queues at once, each driven by a thread of the front-end of its own. */

import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { root } from '../test/device/guest.js';
import { native, type WorkloadKind } from '../test/device/native.js';
import { conditions, describe } from './conditions.js';
import { openData } from './data-workloads.js';
import { furnish } from './furniture.js';
import { memorySize, workloadBase } from './machine-like.js';
import { listOf, peerContenders, peerNames, vfsdContenders, type Contender } from './peers.js';
import { startSubject, type Subject } from './subject.js';
import { figure, markdown } from './table.js';
import type { Parameters, Scene } from './workload.js';

const usage = `Usage: npm run bench -- queues [OPTION]...

  --queues=LIST    how many request queues (1,2)
  --depth=N        how many requests are under way in each (4)
  --duration=MS    how long each measurement takes (500)
  --peers=LIST     which peers (${peerNames.join(',')})
  --variants=LIST  which of vfsd (vfsd)
  --dir=DIR        where the shares are made (/dev/shm)
  --json           the result as JSON
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    queues: { type: 'string', default: '1,2' },
    depth: { type: 'string', default: '4' },
    duration: { type: 'string', default: '500' },
    peers: { type: 'string', default: peerNames.join(',') },
    variants: { type: 'string', default: 'vfsd' },
    dir: { type: 'string', default: '/dev/shm' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const MiB = 1 << 20;
const page = 4096;
const depth = Number(options.depth);
/** What a run takes of guest memory; see WorkloadOptions.base. */
const stride = (5 + 2 * depth) * MiB;

interface Row {
  readonly contender: string;
  readonly queues: number;
  readonly workload: string;
  readonly operationsPerSecond: number;
  readonly cpuUs: number;
  readonly failure: string | null;
}

const workloads: readonly {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly prepare: (scene: Scene, queue: number) => Parameters;
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
  {
    // Each in its own directory: the host's kernel lets only one at a time change a directory.
    name: 'create, write 4 KiB, release, unlink',
    kind: 'create',
    prepare: ({ guest }, queue) => ({ node: guest.lookup(root, `directory ${queue}`).node }),
  },
];

if (options.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  process.env['TMPDIR'] = options.dir;
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(listOf(options.peers)),
  ];
  const rows: Row[] = [];
  for (const contender of contenders) {
    for (const queues of listOf(options.queues).map(Number)) {
      if (workloadBase + queues * stride > memorySize) {
        throw new Error(`${queues} queues of depth ${depth} are more than the memory is for`);
      }
      process.stderr.write(`${contender.name}, ${queues}\n`);
      rows.push(...(await turn(contender, queues)));
    }
  }
  const found = conditions(options.dir, contenders);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions: found, rows }, null, 2)}\n`);
  } else {
    process.stdout.write(`${describe(found)}\n\n${table(rows)}\n`);
  }
}

async function turn(contender: Contender, queues: number): Promise<Row[]> {
  let subject: Subject | undefined;
  try {
    subject = await startSubject(contender, {
      requestQueues: queues,
      furnish: (share) => {
        furnish(share, new Set(['data']));
        for (let queue = 1; queue <= queues; queue++) mkdirSync(`${share}/directory ${queue}`);
      },
    });
    const measured = subject;
    return workloads.map((workload) => run(measured, queues, workload));
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return [
      {
        contender: contender.name,
        queues,
        workload: '-',
        operationsPerSecond: NaN,
        cpuUs: NaN,
        failure: reason,
      },
    ];
  } finally {
    await subject?.end();
  }
}

function run(subject: Subject, queues: number, workload: (typeof workloads)[number]): Row {
  const { machine, share } = subject;
  const scene = { machine, share, guest: machine.guest };
  const cores = cpus().length;
  const loops = Array.from({ length: queues }, (_, index) => ({
    memory: machine.memory,
    base: workloadBase + index * stride,
    ring: machine.queue(index + 1).ring,
    hiprio: machine.queue(0).ring,
    depth,
    kind: workload.kind,
    cpu: index % cores,
    ...workload.prepare(scene, index + 1),
  }));
  const go = (durationMs: number) => {
    const results = native.runWorkloads(loops.map((loop) => ({ ...loop, durationMs })));
    const failure = results.find((result) => result.failure !== null)?.failure;
    if (failure != null) throw new Error(failure);
    return results;
  };
  go(Number(options.duration) / 5);
  const before = subject.usage();
  const results = go(Number(options.duration));
  const after = subject.usage();
  const operations = results.reduce((sum, one) => sum + one.operations, 0);
  return {
    contender: subject.name,
    queues,
    workload: workload.name,
    operationsPerSecond: results.reduce(
      (sum, one) => sum + one.operations / (one.elapsedNs / 1e9),
      0,
    ),
    cpuUs: (after.cpuNs - before.cpuNs) / 1000 / operations,
    failure: null,
  };
}

function table(rows: readonly Row[]): string {
  const head = ['daemon', 'queues', 'workload', '1000 ops/s', 'CPU µs/op'];
  const body = rows.map((row) => [
    row.contender,
    String(row.queues),
    row.failure === null ? row.workload : `refused: ${row.failure}`,
    figure(row.operationsPerSecond / 1000),
    figure(row.cpuUs),
  ]);
  return markdown(head, body);
}
