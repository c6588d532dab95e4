// SPDX-License-Identifier: Apache-2.0

/**
 * Measures vfsd beside its peers: every daemon afresh in each round, on the same files, driven by the same front-end,
 * several times over. It reports; whether a number is good is for its reader to say.
 */

import { parseArgs } from 'node:util';
import { conditions, describe, type Conditions } from './conditions.js';
import { furnish } from './furniture.js';
import { measure, type MeasureOptions, type Sample } from './measure.js';
import { listOf, peerContenders, peerNames, variantNames, vfsdContenders } from './peers.js';
import { placements } from './placements.js';
import { plain, report, summarize, type Row } from './report.js';
import { Workplace } from '../test/device/daemon.js';
import { startNullSubject, startSubject, type Subject } from './subject.js';
import { hasStrace } from '../test/device/strace.js';
import { workloads } from './workloads.js';

const usage = `Usage: npm run bench -- [OPTION]...
       npm run bench -- walk|slow|growth|queues|idle|start|crowded|instructions|guest [OPTION]...

Without options: a selection of the workloads, which takes about five minutes.

  --all               all workloads, at depths 1, 16 and 32
  --quick             one short round
  --filter=TEXT       only the workloads whose name contains TEXT, selected or not
  --depths=LIST       how many operations are under way (1 and 16, or 1 and 32, by workload)
  --placements=LIST   same, other, other-polling (all)
  --rounds=N          how often all of it is done, each time with fresh daemons (3)
  --duration=MS       how long each measurement takes (150)
  --peers=LIST        which peers, separated by commas; "" for none (${peerNames.join(',')})
  --variants=LIST     which of vfsd: ${variantNames.join(', ')} (vfsd)
  --no-floors         leave out the direct loops and the null file system
  --no-trace          do not count system calls
  --dir=DIR           where the shares are made (/dev/shm, which keeps disks out of it)
  --disk=DIR          the same once more there, as a second section
  --json              the result as JSON instead of tables
  --help              this text
`;

const { values: options } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
    depths: { type: 'string' },
    placements: { type: 'string', default: '' },
    rounds: { type: 'string' },
    duration: { type: 'string' },
    peers: { type: 'string', default: peerNames.join(',') },
    variants: { type: 'string', default: 'vfsd' },
    floors: { type: 'boolean', default: true },
    trace: { type: 'boolean', default: true },
    dir: { type: 'string', default: '/dev/shm' },
    disk: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
});

interface Section {
  readonly conditions: Conditions;
  readonly rows: readonly Row[];
}

if (options.help) process.stdout.write(usage);
else await main();

function measureOptions(): Omit<MeasureOptions, 'round' | 'directOn'> {
  const wanted = workloads.filter(
    ({ name, selected }) =>
      name.includes(options.filter) && (options.all || options.filter !== '' || selected),
  );
  const depths = options.depths ?? (options.all ? '1,16,32' : '');
  return {
    workloads: wanted,
    depths: listOf(depths).map(Number),
    placements: placements(listOf(options.placements)),
    durationMs: Number(options.duration ?? (options.quick ? 50 : 150)),
    trace: false,
  };
}

async function section(directory: string, rounds: number): Promise<Section> {
  // Where the workplaces are made.
  process.env['TMPDIR'] = directory;
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(listOf(options.peers)),
  ];
  const chosen = measureOptions();
  const wants = new Set(chosen.workloads.flatMap(({ wants: parts = [] }) => parts));
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    const subjects: Subject[] = [];
    // One for all: where in memory a file's pages are makes more of a difference than who reads them.
    const common = new Workplace();
    try {
      furnish(common.share, wants);
      // Nobody is always first: those that begin later get other memory.
      const first = (round - 1) % contenders.length;
      for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
        subjects.push(
          await startSubject(contender, { share: common.share, furnish: () => undefined }),
        );
      }
      if (options.floors) subjects.push(startNullSubject());
      const own = subjects.find(({ name }) => name === 'vfsd') ?? null;
      samples.push(
        ...(await measure(subjects, {
          ...chosen,
          trace: options.trace && hasStrace && round === 1,
          round,
          directOn: options.floors ? own : null,
          onWorkload: (name) => {
            process.stderr.write(`${directory}, round ${round} of ${rounds}: ${name}\n`);
          },
        })),
      );
    } finally {
      for (const subject of subjects) await subject.end();
      common.remove();
    }
  }
  return { conditions: conditions(directory, contenders), rows: summarize(samples) };
}

async function main(): Promise<void> {
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
  const directories = [options.dir, ...(options.disk === undefined ? [] : [options.disk])];
  const sections: Section[] = [];
  for (const directory of directories) sections.push(await section(directory, rounds));
  if (options.json) {
    const all = sections.map(({ rows, ...rest }) => ({ ...rest, rounds, rows: plain(rows) }));
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return;
  }
  const { durationMs, placements: places } = measureOptions();
  for (const { conditions: found, rows } of sections) {
    process.stdout.write(
      `## ${found.fileSystem}\n\n${describe(found)}\n\n` +
        `Median of ${rounds} rounds of ${durationMs} ms. A ratio is vfsd's figure by the best peer's in the same round.\n\n` +
        `${report(rows, places)}\n`,
    );
  }
}
