// SPDX-License-Identifier: Apache-2.0
//
// What the guest writes into its page cache and the host has no room for later: the guest's programs are told.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import t from 'tap';

import { Guest } from './boot.js';
import { Daemon } from './daemon.js';

await t.test('errors of write-back reach the guest', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'vfsd-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', directory]);
  try {
    const daemon = await Daemon.start({ cache: 'always', directory, options: ['--writeback'] });
    try {
      const guest = await Guest.boot({ socket: daemon.socket });
      try {
        const full = /No space left on device/;
        const synced = await guest.run('dd if=/dev/zero of=/mnt/a bs=64k count=64 conv=fsync 2>&1');
        t.not(synced.status, 0, 'fsync fails');
        t.match(synced.output, full);
        const removed = await guest.run(
          'rm /mnt/a && dd if=/dev/zero of=/mnt/b bs=64k count=8 conv=fsync 2>&1',
        );
        t.equal(removed.status, 0, 'what fits is written');
        t.equal((await stat(path.join(directory, 'b'))).size, 8 * 65536);
        const closed = await guest.run('dd if=/dev/zero of=/mnt/c bs=64k count=64 2>&1');
        t.match(closed, { status: /[^0]/, output: full }, 'or close does, without one');
      } finally {
        await guest.end();
      }
    } finally {
      t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
    }
  } finally {
    execFileSync('umount', [directory]);
    await rm(directory, { recursive: true });
  }
});
