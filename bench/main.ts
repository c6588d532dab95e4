// SPDX-License-Identifier: Apache-2.0

/**
 * Measures vfsd beside its peers: every daemon in turn, on the same files, driven by the same front-end, several times
 * over. It reports; whether a number is good is for its reader to say.
 */

import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measure, type Placement, type Sample } from './measure.js';
import { contenders, peerNames } from './peers.js';
import { summarize, table, toJson } from './report.js';
import { workloads } from './workloads.js';

const usage = `Usage: npm run bench -- [OPTION]...

  --quick          one short round
  --rounds=N       how often each daemon has its turn (3)
  --duration=MS    how long each measurement takes (500)
  --peers=LIST     which peers, separated by commas; "" for none (${peerNames.join(',')})
  --filter=TEXT    only the workloads whose name contains TEXT
  --cores=LIST     same, other or both (both)
  --spin=US        how long the front-end looks for an answer before it sleeps (0)
  --dir=DIR        where the shares are made (/dev/shm, which keeps disks out of it)
  --json           the result as JSON instead of a table
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    duration: { type: 'string' },
    peers: { type: 'string', default: peerNames.join(',') },
    filter: { type: 'string', default: '' },
    cores: { type: 'string', default: 'both' },
    spin: { type: 'string', default: '0' },
    dir: { type: 'string', default: '/dev/shm' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) process.stdout.write(usage);
else await main();

function placements(): Placement[] {
  const all = cpus().map((_, index) => index);
  const [first = 0, ...rest] = all;
  const both = [
    { name: 'same', frontEnd: [first], daemon: [first] },
    ...(rest.length > 0 ? [{ name: 'other', frontEnd: [first], daemon: rest }] : []),
  ];
  return options.cores === 'both' ? both : both.filter(({ name }) => name === options.cores);
}

async function main(): Promise<void> {
  // Where the workplaces are made.
  process.env['TMPDIR'] = options.dir;
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
  const durationMs = Number(options.duration ?? (options.quick ? 100 : 500));
  const chosen = workloads.filter(({ name }) => name.includes(options.filter));
  const daemons = contenders(options.peers.split(',').filter((name) => name !== ''));
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const daemon of daemons) {
      process.stderr.write(`round ${round} of ${rounds}: ${daemon.name}\n`);
      samples.push(
        ...(await measure(daemon, {
          workloads: chosen,
          placements: placements(),
          durationMs,
          warmUpMs: durationMs / 5,
          spinNs: Number(options.spin) * 1000,
        })),
      );
    }
  }
  const rows = summarize(samples);
  if (options.json) {
    process.stdout.write(`${toJson(rows)}\n`);
    return;
  }
  const [cpu] = cpus();
  process.stdout.write(
    `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}, ` +
      `${options.dir}; median of ${rounds} rounds of ${durationMs} ms\n\n${table(rows)}\n`,
  );
}
