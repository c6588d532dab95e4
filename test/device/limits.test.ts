// SPDX-License-Identifier: Apache-2.0

// Whatever a guest can make grow has a bound, and so has the memory of all of it together. Longer, to see whether
// something grows slowly: VFSD_HOARD_SECONDS=600, with more files: VFSD_HOARD_FILES=200000.

import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { Op, root } from './guest.js';
import { hoard } from './hoard.js';
import { memoryInUse } from './memory-in-use.js';
import { processTree } from './process-tree.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import { u64 } from './vhost-user-message.js';

const MiB = 1 << 20;
const seconds = Number(process.env['VFSD_HOARD_SECONDS'] ?? 8);
const files = Number(process.env['VFSD_HOARD_FILES'] ?? 5000);
const descriptors = 2048;
/** More of anything than the bounds allow. */
const most = 100_000;
/** In later rounds, to have more of them. */
const later = 3000;
/** docs/limits.md: of each inode that the guest knows, and of all the rest together. */
const bytesPerInode = 256;
const rest = 64 * MiB;

for (const handles of ['prefer', 'never']) {
  t.test(`a guest that hoards has an end, --inode-file-handles=${handles}`, async (t) => {
    const daemon = await startVfsd(t, {
      options: [
        '--posix-lock',
        '--flock',
        '--xattr',
        `--rlimit-nofile=${descriptors}`,
        `--inode-file-handles=${handles}`,
      ],
      furnish: (share) => {
        mkdirSync(`${share}/directory`);
        for (let n = 0; n < files; n++) writeFileSync(`${share}/directory/f${n}`, '');
      },
    });
    const pids = processTree(daemon.pid);
    const idle = memoryInUse(pids);
    const used: number[] = [];
    const end = Date.now() + (seconds * 1000) / 2;
    let rounds = 0;
    do {
      // Its requests' memory is given back when none is under way, and the waits are.
      const memory = 32 * MiB + Math.ceil((files * 256) / MiB) * MiB;
      const machine = await connectMachine(t, daemon, { regionSizes: [memory] });
      machine.guest.init();
      const taken = hoard(machine.guest, rounds === 0 ? most : later);
      used.push(memoryInUse(pids) - idle);
      if (rounds === 0) {
        t.match(taken.rangesEnd, /ENOLCK/, `${taken.ranges} ranges`);
        t.match(taken.waitsEnd, /ENOLCK/, `${taken.waits} waits`);
        t.ok(taken.waits <= 32);
        t.match(taken.ownersEnd, /ENOLCK/, `${taken.owners} owners`);
        t.match(taken.filesEnd, /EMFILE/, `${taken.files} files`);
        t.match(taken.directoriesEnd, /EMFILE/, `${taken.directories} directories`);
        t.ok(taken.inodes > 0, `${taken.inodes} inodes`);
        const held = taken.files + taken.directories + taken.owners;
        t.ok(held < descriptors, `${held} descriptors`);
        stillServes(t, machine.guest, 'all that');
      }
      machine.close();
      rounds += 1;
    } while (rounds < 3 || Date.now() < end);
    const peak = Math.max(...used);
    const bound = files * bytesPerInode + rest;
    t.ok(peak <= bound, `${(peak / MiB).toFixed(1)} MiB at most in ${rounds} rounds`);
    // The first two fill what is kept for later; after them nothing grows.
    const settled = Math.max(...used.slice(0, 2));
    t.ok(
      Math.max(...used.slice(2)) <= settled + 16 * MiB,
      `then ${used
        .slice(-5)
        .map((bytes) => (bytes / MiB).toFixed(1))
        .join(', ')} MiB`,
    );
    const next = await connectMachine(t, daemon);
    next.guest.init();
    stillServes(t, next.guest, 'the last of them');
    next.close();
  });
}

t.test('a flood of what is logged is cut, and counted', async (t) => {
  const daemon = await startVfsd(t);
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  const breaks = 200;
  for (let n = 0; n < breaks; n++) {
    const { ring } = machine.queue(1);
    ring.publish(0xffff);
    ring.expose();
    t.equal(ring.waitError(3000), true, 'the ring breaks');
    machine.frontEnd.stopRing(1);
    machine.renewQueue(1);
  }
  const queue = machine.queue(1);
  queue.submit([machine.guest.header(Op.GETATTR, root, 16), u64(0, 0)], [16, 104]);
  t.equal(queue.collect().length, 120, 'the ring works in the end');
  machine.close();
  const lines = () => daemon.output.split('\n').filter((line) => line !== '');
  for (let waited = 0; waited < 50 && !daemon.output.includes('left out'); waited++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.ok(lines().length < breaks / 2, `${lines().length} lines for ${breaks} broken rings`);
  t.match(daemon.output, /warning: [0-9]+ messages were left out/);
});
