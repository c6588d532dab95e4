// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { prometheusText } from '../../src/metrics/prometheus.js';
import { quantile, totalOf, type Status } from '../../src/metrics/status.js';
import { nothingCounted } from '../doubles/fake-device.js';

const status: Status = {
  ...nothingCounted,
  version: '1.2.3',
  sharedDir: '/srv/a "b"\\c\nd',
  tag: null,
  connected: true,
  logLevel: 'info',
  uptimeSeconds: 1.5,
  bucketEndsNs: [256, 384, 512],
  opcodes: [
    { opcode: 'LOOKUP', requests: 6, nanoseconds: 3_000_000_000, buckets: [1, 2, 0, 3] },
    { opcode: 'GETATTR', requests: 1, nanoseconds: 100, buckets: [1, 0, 0, 0] },
  ],
  errors: [
    { errno: 2, count: 4 },
    { errno: 5000, count: 1 },
  ],
  queues: [
    { requests: 1, inProgress: 0, pollsFound: 0, pollsMissed: 0, sleeps: 0, ringErrors: 0 },
    { requests: 6, inProgress: 2, pollsFound: 7, pollsMissed: 8, sleeps: 9, ringErrors: 1 },
  ],
};

t.test('opcodes are added up', async (t) => {
  t.same(totalOf(status), { requests: 7, buckets: [2, 2, 0, 3] });
});

t.test('a quantile lies in the bucket where it is reached', async (t) => {
  const ends = [256, 384, 512];
  t.equal(quantile([0, 0, 0, 0], ends, 0.5), null);
  t.equal(quantile([0, 10, 0, 0], ends, 0.5), 320);
  t.equal(quantile([10, 0, 0, 0], ends, 1), 256);
  t.equal(quantile([1, 0, 0, 99], ends, 0.99), 512, 'of the last one only its begin is known');
  t.equal(quantile([99, 1, 0, 0], ends, 0.99), 256);
});

t.test('Prometheus gets families with base units and cumulative buckets', async (t) => {
  const lines = prometheusText(status).split('\n');
  const share = 'tag="",shared_dir="/srv/a \\"b\\"\\\\c\\nd"';
  for (const line of [
    '# TYPE vfsd_requests_total counter',
    `vfsd_requests_total{${share},opcode="LOOKUP"} 6`,
    '# TYPE vfsd_request_duration_seconds histogram',
    `vfsd_request_duration_seconds_bucket{${share},opcode="LOOKUP",le="2.56e-7"} 1`,
    `vfsd_request_duration_seconds_bucket{${share},opcode="LOOKUP",le="5.12e-7"} 3`,
    `vfsd_request_duration_seconds_bucket{${share},opcode="LOOKUP",le="+Inf"} 6`,
    `vfsd_request_duration_seconds_sum{${share},opcode="LOOKUP"} 3`,
    `vfsd_request_duration_seconds_count{${share},opcode="LOOKUP"} 6`,
    `vfsd_errors_total{${share},errno="ENOENT"} 4`,
    `vfsd_errors_total{${share},errno="5000"} 1`,
    `vfsd_ring_errors_total{${share},queue="1"} 1`,
    `vfsd_queue_requests_in_progress{${share},queue="1"} 2`,
  ]) {
    t.ok(lines.includes(line), line);
  }
});

t.test('each family is described once, and each line is a sample or a comment', async (t) => {
  const text = prometheusText(status);
  t.ok(text.endsWith('\n'));
  const types = Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name);
  t.equal(new Set(types).size, types.length);
  for (const line of text.trimEnd().split('\n')) {
    t.match(line, /^(# (HELP|TYPE) vfsd_[a-z_]+ |vfsd_[a-z_]+\{.*\} -?[0-9.e+-]+$)/);
  }
});
