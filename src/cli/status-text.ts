// SPDX-License-Identifier: Apache-2.0

import { errorName } from '../metrics/prometheus.js';
import { quantile, totalOf, type Status } from '../metrics/status.js';
import { bytes, count, duration } from './quantities.js';

/** `vfsd stat` for people. */
export function statusText(status: Status): string {
  const { requests, buckets } = totalOf(status);
  const errors = status.errors.reduce((sum, error) => sum + error.count, 0);
  const inProgress = status.queues.reduce((sum, queue) => sum + queue.inProgress, 0);
  const polls = status.queues.reduce((sum, queue) => sum + queue.pollsFound, 0);
  const sleeps = status.queues.reduce((sum, queue) => sum + queue.sleeps, 0);
  const ringErrors = status.queues.reduce((sum, queue) => sum + queue.ringErrors, 0);
  const quantiles = (of: readonly number[]): string =>
    [0.5, 0.99]
      .map((share) => duration(quantile(of, status.bucketEndsNs, share)).padStart(8))
      .join(' ');
  const rows = [
    ['share', status.tag === null ? status.sharedDir : `${status.sharedDir} as ${status.tag}`],
    ['front-end', status.connected ? 'connected' : 'none'],
    [
      'version',
      `${status.version}, up ${Math.round(status.uptimeSeconds)} s, log level ${status.logLevel}`,
    ],
    [
      'requests',
      `${count(requests)}, ${count(inProgress)} in progress, ${count(errors)} with an error`,
    ],
    ['data', `${bytes(status.readBytes)} read, ${bytes(status.writtenBytes)} written`],
    [
      'guest holds',
      `${count(status.inodes)} inodes, ${count(status.openFiles)} files, ` +
        `${count(status.openDirectories)} directories`,
    ],
    ['descriptors', `${count(status.descriptors)} of ${count(status.descriptorLimit)}`],
    [
      'queues',
      `${count(polls)} polls paid off, ${count(sleeps)} sleeps, ${count(ringErrors)} ring errors`,
    ],
  ];
  const opcodes = [...status.opcodes]
    .sort((a, b) => b.requests - a.requests)
    .map(
      (of) => `${of.opcode.padEnd(20)} ${count(of.requests).padStart(8)} ${quantiles(of.buckets)}`,
    );
  const failed = status.errors.map(
    (of) => `${errorName(of.errno).padEnd(20)} ${count(of.count).padStart(8)}`,
  );
  return [
    ...rows.map(([name = '', value = '']) => `${name.padEnd(12)} ${value}`),
    ...(opcodes.length === 0
      ? []
      : [
          '',
          `${'opcode'.padEnd(20)} requests      p50      p99`,
          ...opcodes,
          `${'all'.padEnd(20)} ${count(requests).padStart(8)} ${quantiles(buckets)}`,
        ]),
    ...(failed.length === 0 ? [] : ['', `${'errno'.padEnd(20)} requests`, ...failed]),
    '',
  ].join('\n');
}
