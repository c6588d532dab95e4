// SPDX-License-Identifier: Apache-2.0

// A daemon that looks at its rings before it sleeps must not be seen to do so once there is nothing to do.

import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { root } from './guest.js';
import { native } from './native.js';
import { processTree, threadsOf } from './process-tree.js';
import { openScene, stillServes } from './scene.js';

const MiB = 1 << 20;

/** How often each data thread has been on a CPU, by its id. */
function turnsOfDataThreads(pid: number): Map<number, string> {
  const threads = threadsOf(processTree(pid)).filter(
    ({ fields }) => fields.get('Name')?.startsWith('vfsd-data-') === true,
  );
  return new Map(
    threads.map(({ tid, fields }) => [
      tid,
      `${fields.get('voluntary_ctxt_switches') ?? ''} ${fields.get('nonvoluntary_ctxt_switches') ?? ''}`,
    ]),
  );
}

for (const limit of [0, 50, 1000]) {
  t.test(`--poll-limit=${limit}: no thread runs when the guest rests`, async (t) => {
    const { machine, guest, daemon } = await openScene(t, {
      options: [`--poll-limit=${limit}`],
      furnish: (share) => {
        writeFileSync(`${share}/file`, 'content');
      },
    });
    const { node, attributes } = guest.lookup(root, 'file').entry;
    for (const [depth, spinNs] of [
      [1, 0],
      [1, 1_000_000],
      [16, 0],
    ] as const) {
      const result = native.runWorkload({
        memory: machine.memory,
        base: MiB,
        ring: machine.queue(1).ring,
        hiprio: machine.queue(0).ring,
        depth,
        durationMs: 60_000,
        maxOperations: 5000,
        spinNs,
        kind: 'getattr',
        node,
        inode: attributes.ino,
        size: 7,
      });
      t.equal(result.failure, null, `depth ${depth}, the guest looks for ${spinNs} ns`);
    }
    guest.forget(guest.lookup(root, 'file').node, 1);
    // Much longer than any look, and than FORGETs gather.
    await pause(100);
    const before = turnsOfDataThreads(daemon.pid);
    t.ok(before.size >= 2);
    await pause(200);
    t.same(turnsOfDataThreads(daemon.pid), before, 'all are asleep');
    stillServes(t, guest, 'the rest');
  });
}
