// SPDX-License-Identifier: Apache-2.0

/** Samples of several rounds, put beside each other. */

import type { Sample } from './measure.js';

type Measure = Exclude<
  { [Key in keyof Sample]: Sample[Key] extends number ? Key : never }[keyof Sample],
  'depth'
>;

/** The rounds' samples of one workload at one depth and placement, by contender. */
export interface Row {
  readonly workload: string;
  readonly depth: number;
  readonly placement: string;
  readonly results: ReadonlyMap<string, Readonly<Record<Measure, number>>>;
}

const measures: readonly Measure[] = [
  'operationsPerSecond',
  'p50Us',
  'p99Us',
  'cpuUsPerOperation',
  'contextSwitchesPerOperation',
  'kicksPerRequest',
  'callsPerRequest',
];

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The median of the rounds, for each measure by itself. */
export function summarize(samples: readonly Sample[]): Row[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.workload, sample.depth, sample.placement]);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].flatMap((group): Row[] => {
    const [first] = group;
    if (first === undefined) return [];
    const contenders = [...new Set(group.map(({ contender }) => contender))];
    const results = contenders.map((name) => {
      const own = group.filter(({ contender }) => contender === name);
      const medians = measures.map((measure) => [measure, median(own.map((s) => s[measure]))]);
      return [name, Object.fromEntries(medians) as Record<Measure, number>] as const;
    });
    const { workload, depth, placement } = first;
    return [{ workload, depth, placement, results: new Map(results) }];
  });
}

/** How vfsd compares with the better of its peers: below 1 is better for times, above 1 for rates. */
function ratio(row: Row, measure: Measure, best: (...values: number[]) => number): number | null {
  const own = row.results.get('vfsd')?.[measure];
  const others = [...row.results].filter(([name]) => name !== 'vfsd').map(([, r]) => r[measure]);
  return own === undefined || others.length === 0 ? null : own / best(...others);
}

function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function cells(row: Row, names: readonly string[], measure: Measure): string {
  return names.map((name) => number(row.results.get(name)?.[measure] ?? NaN)).join(' / ');
}

/** A table in Markdown, with each contender's value in the order of the heading. */
export function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => [...row.results.keys()]))];
  const order = names.join(' / ');
  const head = [
    'workload',
    'depth',
    'cores',
    `p50 µs: ${order}`,
    'p99 µs',
    'CPU µs/op',
    'ops/s',
    'switches/op',
    'p50 ratio',
    'CPU ratio',
    'ops/s ratio',
  ];
  const body = rows.map((row) =>
    [
      row.workload,
      String(row.depth),
      row.placement,
      cells(row, names, 'p50Us'),
      cells(row, names, 'p99Us'),
      cells(row, names, 'cpuUsPerOperation'),
      cells(row, names, 'operationsPerSecond'),
      cells(row, names, 'contextSwitchesPerOperation'),
      ratio(row, 'p50Us', Math.min)?.toFixed(2) ?? '-',
      ratio(row, 'cpuUsPerOperation', Math.min)?.toFixed(2) ?? '-',
      ratio(row, 'operationsPerSecond', Math.max)?.toFixed(2) ?? '-',
    ].join(' | '),
  );
  const rule = head.map(() => '---').join(' | ');
  return [head.join(' | '), rule, ...body].map((line) => `| ${line} |`).join('\n');
}

export function toJson(rows: readonly Row[]): string {
  const plain = rows.map((row) => ({ ...row, results: Object.fromEntries(row.results) }));
  return JSON.stringify(plain, null, 2);
}
