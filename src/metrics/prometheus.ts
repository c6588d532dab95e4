// SPDX-License-Identifier: Apache-2.0

/** The status in the text format of Prometheus (exposition format 0.0.4). */

import { getSystemErrorMap } from 'node:util';
import type { Status } from './status.js';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];

const nanosecondsPerSecond = 1e9;
// Looked up once: later the process can load nothing.
const errorMap = getSystemErrorMap();

/** Each second bucket: a factor of two between the ends is what a scraper can store for years. */
const bucketStep = 2;

export function prometheusText(status: Status): string {
  const share = { tag: status.tag ?? '', shared_dir: status.sharedDir };
  const family = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    samples: readonly Sample[],
  ): string => {
    const lines = samples.map(([labels, value]) =>
      sample(`vfsd_${name}`, { ...share, ...labels }, value),
    );
    return [`# HELP vfsd_${name} ${help}`, `# TYPE vfsd_${name} ${type}`, ...lines].join('\n');
  };
  const queues = (pick: (queue: Status['queues'][number]) => number): readonly Sample[] =>
    status.queues.map((queue, index) => [{ queue: index }, pick(queue)]);
  return [
    family('gauge', 'info', 'The daemon: always 1.', [[{ version: status.version }, 1]]),
    family('gauge', 'connected', 'Whether a front-end is connected.', [
      [{}, status.connected ? 1 : 0],
    ]),
    family('gauge', 'uptime_seconds', 'For how long front-ends have been accepted.', [
      [{}, status.uptimeSeconds],
    ]),
    family(
      'counter',
      'requests_total',
      'Requests answered, by opcode.',
      status.opcodes.map(({ opcode, requests }) => [{ opcode }, requests]),
    ),
    durations(status, share),
    family(
      'counter',
      'errors_total',
      'Requests answered with an error, by errno.',
      status.errors.map(({ errno, count }) => [{ errno: errorName(errno) }, count]),
    ),
    family('counter', 'bytes_total', 'Bytes of file data, as the guest reads and writes them.', [
      [{ direction: 'read' }, status.readBytes],
      [{ direction: 'write' }, status.writtenBytes],
    ]),
    family(
      'counter',
      'queue_requests_total',
      'Requests served, by queue; 0 is the high-priority one.',
      queues((q) => q.requests),
    ),
    family(
      'gauge',
      'queue_requests_in_progress',
      'Requests that were taken and are not answered.',
      queues((q) => q.inProgress),
    ),
    family(
      'counter',
      'queue_polls_found_total',
      'Looks at a dry ring that found a request.',
      queues((q) => q.pollsFound),
    ),
    family(
      'counter',
      'queue_polls_missed_total',
      'Looks at a dry ring that ended in sleep.',
      queues((q) => q.pollsMissed),
    ),
    family(
      'counter',
      'queue_sleeps_total',
      'Waits in the kernel for a request.',
      queues((q) => q.sleeps),
    ),
    family(
      'counter',
      'ring_errors_total',
      'Rings that the driver broke.',
      queues((q) => q.ringErrors),
    ),
    family('gauge', 'inodes', 'Inodes that the guest remembers.', [[{}, status.inodes]]),
    family('gauge', 'open_files', 'Files that the guest has open.', [[{}, status.openFiles]]),
    family('gauge', 'open_directories', 'Directories that the guest has open.', [
      [{}, status.openDirectories],
    ]),
    family('gauge', 'descriptors', 'Descriptors that are held for the guest.', [
      [{}, status.descriptors],
    ]),
    family('gauge', 'descriptors_limit', 'Descriptors that may be held for the guest.', [
      [{}, status.descriptorLimit],
    ]),
    family('counter', 'slow_requests_lost_total', 'Slow requests that the log has no line of.', [
      [{}, status.slowRequestsLost],
    ]),
    '',
  ].join('\n');
}

function durations(status: Status, share: Labels): string {
  const name = 'vfsd_request_duration_seconds';
  const lines = [
    `# HELP ${name} From taking a request off its queue to its answer.`,
    `# TYPE ${name} histogram`,
  ];
  for (const { opcode, buckets, requests, nanoseconds } of status.opcodes) {
    let below = 0;
    for (const [index, end] of status.bucketEndsNs.entries()) {
      below += buckets[index] ?? 0;
      if (index % bucketStep === 0) {
        const le = String(end / nanosecondsPerSecond);
        lines.push(sample(`${name}_bucket`, { ...share, opcode, le }, below));
      }
    }
    lines.push(
      sample(`${name}_bucket`, { ...share, opcode, le: '+Inf' }, requests),
      sample(`${name}_sum`, { ...share, opcode }, nanoseconds / nanosecondsPerSecond),
      sample(`${name}_count`, { ...share, opcode }, requests),
    );
  }
  return lines.join('\n');
}

function sample(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([label, of]) => `${label}="${escapeLabel(String(of))}"`);
  return `${name}{${text.join(',')}} ${value}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

export function errorName(errno: number): string {
  return errorMap.get(-errno)?.[0] ?? String(errno);
}
