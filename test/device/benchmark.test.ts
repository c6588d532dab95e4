// SPDX-License-Identifier: Apache-2.0

/** Every row of the benchmark, for a moment: each verifies all of its answers. */

import t from 'tap';
import { furnish } from '../../bench/furniture.js';
import { measure, measureDirect } from '../../bench/measure.js';
import { vfsdContenders } from '../../bench/peers.js';
import { placements } from '../../bench/placements.js';
import { startNullSubject, startSubject } from '../../bench/subject.js';
import { workloads } from '../../bench/workloads.js';

const options = {
  workloads,
  depths: [1, 4],
  placements: placements(['same']),
  durationMs: 5,
  trace: false,
};

t.test('vfsd answers every row rightly', async (t) => {
  const [vfsd] = vfsdContenders(['vfsd']);
  if (vfsd === undefined) throw new Error('there is no vfsd');
  const subject = await startSubject(vfsd, {
    furnish: (share) => {
      furnish(share, new Set(['data', 'large', 'tracked']));
    },
  });
  try {
    const samples = await measure(subject, options);
    for (const { name } of workloads) {
      const rows = samples.filter(({ workload }) => workload === name);
      t.ok(rows.length > 0, name);
      t.ok(
        rows.every((row) => row.operationsPerSecond > 0 && row.cpuUsPerOperation > 0),
        `${name} has been measured`,
      );
    }
    const direct = measureDirect(subject.share, options);
    t.equal(
      direct.length,
      workloads.filter((row) => row.direct !== undefined && row.pages !== 'scattered').length,
      'the system calls alone succeed on the same share',
    );
  } finally {
    await subject.end();
  }
});

t.test('the engine answers over the null file system', async (t) => {
  const subject = startNullSubject();
  const rows = workloads.filter(({ overNull }) => overNull === true);
  try {
    const samples = await measure(subject, { ...options, workloads: rows });
    t.equal(new Set(samples.map(({ workload }) => workload)).size, rows.length);
  } finally {
    await subject.end();
  }
});
