// SPDX-License-Identifier: Apache-2.0

/** Samples of several rounds, put beside each other. */

import type { Sample } from './measure.js';
import { peerNames, variantNames } from './peers.js';
import type { Placement } from './placements.js';
import { figure, markdown, median } from './table.js';
import type { Figures } from './turn.js';

type Measure = keyof Figures;
type Compared = 'cpuUsPerOperation' | 'p50Us' | 'operationsPerSecond';

/** The rounds' samples of one workload at one depth and placement, by contender. */
export interface Row {
  readonly workload: string;
  readonly depth: number;
  readonly placement: string;
  readonly results: ReadonlyMap<string, Figures>;
  /** How vfsd compares with the best of its peers: below 1 is better for times, above 1 for rates. NaN: it does not. */
  readonly ratios: Readonly<Record<Compared, number>>;
  /** CPU of the same work as system calls in a loop, where there is such a loop. */
  readonly directCpuUs: number;
}

const measures: readonly Measure[] = [
  'operationsPerSecond',
  'p50Us',
  'p99Us',
  'cpuUsPerOperation',
  'contextSwitchesPerOperation',
  'kicksPerRequest',
  'callsPerRequest',
  'systemCallsPerOperation',
];

function medians(samples: readonly Sample[]): Figures {
  return Object.fromEntries(
    measures.map((measure) => [measure, median(samples.map((sample) => sample[measure]))]),
  ) as Record<Measure, number>;
}

/** vfsd's figure by the best of its peers', round by round: what a round was like then counts for both. */
function ratio(group: readonly Sample[], measure: Compared): number {
  const best = measure === 'operationsPerSecond' ? Math.max : Math.min;
  const own = group.filter(({ contender }) => contender === 'vfsd');
  const ratios = own.flatMap((sample): number[] => {
    const peers = group.filter(
      ({ contender, round }) => round === sample.round && peerNames.includes(contender),
    );
    return peers.length === 0
      ? []
      : [sample[measure] / best(...peers.map((peer) => peer[measure]))];
  });
  return median(ratios);
}

/** The median of the rounds, for each measure by itself. */
export function summarize(samples: readonly Sample[]): Row[] {
  const groups = new Map<string, Sample[]>();
  const direct = samples.filter(({ contender }) => contender === 'direct');
  for (const sample of samples.filter(({ contender }) => contender !== 'direct')) {
    const key = JSON.stringify([sample.placement, sample.workload, sample.depth]);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].flatMap((group): Row[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { workload, depth, placement } = first;
    const contenders = [...new Set(group.map(({ contender }) => contender))];
    const results = contenders.map(
      (name) => [name, medians(group.filter(({ contender }) => contender === name))] as const,
    );
    const directCpuUs = median(
      direct.filter((one) => one.workload === workload).map((one) => one.cpuUsPerOperation),
    );
    const ratios = {
      cpuUsPerOperation: ratio(group, 'cpuUsPerOperation'),
      p50Us: ratio(group, 'p50Us'),
      operationsPerSecond: ratio(group, 'operationsPerSecond'),
    };
    return [{ workload, depth, placement, results: new Map(results), ratios, directCpuUs }];
  });
}

class Tables {
  readonly #rows: readonly Row[];
  /** What stands beside each other in a cell. */
  readonly #names: readonly string[];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
    const all = [...new Set(rows.flatMap((row) => [...row.results.keys()]))];
    this.#names = [...variantNames, ...peerNames].filter((name) => all.includes(name));
  }

  of({ name, title }: Placement): string {
    const rows = this.#rows.filter(({ placement }) => placement === name);
    return [`### ${title}`, this.#comparison(rows), this.#details(rows)].join('\n\n');
  }

  #cell(row: Row, measure: Measure, scale = 1): string {
    return this.#names
      .map((name) => figure((row.results.get(name)?.[measure] ?? NaN) * scale))
      .join(' / ');
  }

  #comparison(rows: readonly Row[]): string {
    const head = [
      'workload',
      'depth',
      `CPU µs/op: ${this.#names.join(' / ')}`,
      'ratio',
      'direct',
      'null',
      'p50 µs',
      'ratio',
      '1000 ops/s',
      'ratio',
    ];
    const body = rows.map((row) => [
      row.workload,
      String(row.depth),
      this.#cell(row, 'cpuUsPerOperation'),
      figure(row.ratios.cpuUsPerOperation),
      figure(row.directCpuUs),
      figure(row.results.get('null')?.cpuUsPerOperation),
      this.#cell(row, 'p50Us'),
      figure(row.ratios.p50Us),
      this.#cell(row, 'operationsPerSecond', 1 / 1000),
      figure(row.ratios.operationsPerSecond),
    ]);
    return markdown(head, body);
  }

  #details(rows: readonly Row[]): string {
    const head = [
      'workload',
      'depth',
      `p99 µs: ${this.#names.join(' / ')}`,
      'switches/op',
      'system calls/op',
      'kicks/request',
      'calls/request',
    ];
    const body = rows.map((row) => [
      row.workload,
      String(row.depth),
      this.#cell(row, 'p99Us'),
      this.#cell(row, 'contextSwitchesPerOperation'),
      this.#cell(row, 'systemCallsPerOperation'),
      this.#cell(row, 'kicksPerRequest'),
      this.#cell(row, 'callsPerRequest'),
    ]);
    return markdown(head, body);
  }
}

/** What a request may cost beyond the system calls that it cannot do without, when many are under way. */
const goal = {
  workloads: /^(getattr|setattr|lookup, known|(read|write) 4 KiB)/,
  depth: 16,
  us: 0.6,
};

function goals(rows: readonly Row[]): string {
  const body = rows.flatMap((row): string[][] => {
    const own = row.results.get('vfsd')?.cpuUsPerOperation;
    const over = own === undefined ? NaN : own - row.directCpuUs;
    if (Number.isNaN(over) || row.depth < goal.depth || !goal.workloads.test(row.workload)) {
      return [];
    }
    return [
      [
        row.workload,
        String(row.depth),
        row.placement,
        figure(over),
        over <= goal.us ? 'yes' : 'no',
      ],
    ];
  });
  if (body.length === 0) return '';
  const head = ['workload', 'depth', 'cores', 'vfsd - direct, CPU µs/op', `at most ${goal.us}`];
  return `### Beyond the system calls\n\n${markdown(head, body)}\n`;
}

export function report(rows: readonly Row[], placements: readonly Placement[]): string {
  const tables = new Tables(rows);
  return [...placements.map((placement) => tables.of(placement)), goals(rows)].join('\n\n');
}

/** For JSON: what has no value becomes null. */
export function plain(rows: readonly Row[]): object[] {
  return rows.map((row) => ({ ...row, results: Object.fromEntries(row.results) }));
}
