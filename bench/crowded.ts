// SPDX-License-Identifier: Apache-2.0

/**
 * A machine with more busy threads than cores: what getattr costs there, one at a time, and what it costs the others.
 * Whoever polls takes from them what they could have used.
 */

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from '../test/device/guest.js';
import { BusyThreads } from './busy-threads.js';
import { listOf, peerContenders, vfsdContenders, type Contender } from './peers.js';
import { placeFrontEnd } from './placements.js';
import { startSubject } from './subject.js';
import { figure, markdown, median } from './table.js';
import { runKind } from './workload.js';

const usage = `Usage: npm run bench -- crowded [OPTION]...

  --threads=N      how many busy threads (twice as many as cores)
  --rounds=N       how often each daemon has its turn (3)
  --duration=MS    how long each measurement takes (2000)
  --variants=LIST  which of vfsd (vfsd)
  --peers=LIST     which peers (none)
  --dir=DIR        where the shares are made (/dev/shm)
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: String(2 * cpus().length) },
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '2000' },
    variants: { type: 'string', default: 'vfsd' },
    peers: { type: 'string', default: '' },
    dir: { type: 'string', default: '/dev/shm' },
    help: { type: 'boolean', default: false },
  },
});

interface Turn {
  readonly contender: string;
  readonly operationsPerSecond: number;
  readonly cpuUs: number;
  /** Of a core, while getattr goes on. */
  readonly cpuShare: number;
  /** Rounds of the busy threads in a second, all together. */
  readonly progress: number;
}

const durationMs = Number(options.duration);

if (options.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  process.env['TMPDIR'] = options.dir;
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(listOf(options.peers)),
  ];
  // Nobody is pinned: where everybody runs is the scheduler's to say, as it is on such a machine.
  placeFrontEnd(cpus().map((_, index) => index));
  const alone: Turn[] = [];
  const crowded: Turn[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const contender of contenders) {
      alone.push(await turn(contender, null));
      const busy = await BusyThreads.start(Number(options.threads));
      try {
        crowded.push(await turn(contender, busy));
      } finally {
        await busy.end();
      }
    }
  }
  const undisturbed = await progressAlone();
  process.stdout.write(
    `getattr, depth 1; ${options.threads} busy threads on ${cpus().length} cores; ` +
      `median of ${options.rounds} rounds of ${durationMs} ms. ` +
      `Without any daemon they go round ${figure(undisturbed / 1e6)} million times a second.\n\n` +
      `${table(alone, crowded)}\n`,
  );
}

async function progressAlone(): Promise<number> {
  const busy = await BusyThreads.start(Number(options.threads));
  try {
    const before = { progress: busy.progress(), time: performance.now() };
    await sleep(durationMs);
    return ((busy.progress() - before.progress) * 1000) / (performance.now() - before.time);
  } finally {
    await busy.end();
  }
}

async function turn(contender: Contender, busy: BusyThreads | null): Promise<Turn> {
  const subject = await startSubject(contender, { furnish: () => undefined });
  try {
    const { machine, share } = subject;
    const { attributes } = machine.guest.getattr(root);
    const scene = { machine, share, guest: machine.guest };
    const parameters = { node: root, inode: attributes.ino, size: Number(attributes.size) };
    runKind(scene, 'getattr', parameters, { depth: 1, durationMs: durationMs / 5 });
    const before = { usage: subject.usage(), progress: busy?.progress() ?? NaN };
    const result = runKind(scene, 'getattr', parameters, { depth: 1, durationMs });
    const progress = (busy?.progress() ?? NaN) - before.progress;
    const cpuNs = subject.usage().cpuNs - before.usage.cpuNs;
    const seconds = result.elapsedNs / 1e9;
    return {
      contender: contender.name,
      operationsPerSecond: result.operations / seconds,
      cpuUs: cpuNs / 1000 / result.operations,
      cpuShare: cpuNs / result.elapsedNs,
      progress: progress / seconds,
    };
  } finally {
    await subject.end();
  }
}

function table(alone: readonly Turn[], crowded: readonly Turn[]): string {
  const head = [
    'daemon',
    '1000 ops/s: alone / crowded',
    'CPU µs/op',
    'share of a core',
    "busy threads' rounds, million/s",
  ];
  const names = [...new Set(alone.map(({ contender }) => contender))];
  const body = names.map((name) => {
    const of = (turns: readonly Turn[], value: (turn: Turn) => number): string =>
      figure(median(turns.filter(({ contender }) => contender === name).map(value)));
    const both = (value: (turn: Turn) => number): string =>
      `${of(alone, value)} / ${of(crowded, value)}`;
    return [
      name,
      both(({ operationsPerSecond }) => operationsPerSecond / 1000),
      both(({ cpuUs }) => cpuUs),
      both(({ cpuShare }) => cpuShare),
      of(crowded, ({ progress }) => progress / 1e6),
    ];
  });
  return markdown(head, body);
}
