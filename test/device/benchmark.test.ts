// SPDX-License-Identifier: Apache-2.0

/** Every row of the benchmark, for a moment: each verifies all of its answers. */

import t from 'tap';
import { furnish } from '../../bench/furniture.js';
import { measure } from '../../bench/measure.js';
import { vfsdContenders } from '../../bench/peers.js';
import { placements } from '../../bench/placements.js';
import { startNullSubject, startSubject } from '../../bench/subject.js';
import { runKind, type Parameters } from '../../bench/workload.js';
import { workloads } from '../../bench/workloads.js';
import { root } from './guest.js';
import type { WorkloadKind } from './native.js';

const options = {
  workloads,
  depths: [1, 4],
  placements: placements(['same']),
  durationMs: 5,
  trace: false,
  round: 1,
  directOn: null,
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
    const samples = await measure([subject], { ...options, directOn: subject });
    for (const { name } of workloads) {
      const rows = samples.filter(
        ({ workload, contender }) => workload === name && contender === 'vfsd',
      );
      t.ok(rows.length > 0, name);
      t.ok(
        rows.every((row) => row.operationsPerSecond > 0 && row.cpuUsPerOperation > 0),
        `${name} has been measured`,
      );
    }
    const direct = samples.filter(({ contender }) => contender === 'direct');
    t.equal(
      direct.length,
      workloads.filter((row) => row.direct !== undefined && row.pages !== 'scattered').length,
      'the system calls alone succeed on the same share',
    );
  } finally {
    await subject.end();
  }
});

t.test('a wrong answer ends a row', async (t) => {
  const subject = startNullSubject();
  const { machine, share } = subject;
  const scene = { machine, share, guest: machine.guest };
  const { node, attributes } = scene.guest.lookup(root, 'file').entry;
  const wrong: readonly [WorkloadKind, Parameters, RegExp][] = [
    ['getattr', { node, inode: attributes.ino + 1n, size: 7 }, /another file/],
    ['getattr', { node, inode: attributes.ino, size: 8 }, /another file/],
    ['lookup-known', { name: 'file', node: node + 1n }, /another node/],
    ['getxattr', { node, name: 'user.bench', size: 63 }, /GETXATTR failed/],
    ['getxattr', { node, name: 'user.bench', size: 0 }, /ENODATA/],
    // The null file system has none.
    ['symlink', { node: root }, /SYMLINK failed/],
    ['readdirplus', { node, size: 499, block: 4096 }, /lost or added/],
    ['untar', { node: root }, /ENOENT/],
  ];
  try {
    for (const [kind, parameters, reason] of wrong) {
      t.throws(
        () => runKind(scene, kind, parameters, { depth: 1, durationMs: 5 }),
        { message: reason },
        kind,
      );
    }
  } finally {
    await subject.end();
  }
});

t.test('the engine answers over the null file system', async (t) => {
  const subject = startNullSubject();
  const rows = workloads.filter(({ overNull }) => overNull === true);
  try {
    const samples = await measure([subject], { ...options, workloads: rows });
    t.equal(new Set(samples.map(({ workload }) => workload)).size, rows.length);
  } finally {
    await subject.end();
  }
});
