// SPDX-License-Identifier: Apache-2.0
//
// Guests whose kernels ask for more than that of the host's release: birth times, a creator's
// groups, idmapped mounts, shared mappings without a cache.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { Daemon } from './daemon.js';
import { runGuestChecks } from './guest-checks.js';
import { type Release, lacksKernel } from './host.js';

const releases: readonly Release[] = ['trixie', 'sid'];

for (const release of releases) {
  await t.test(`the kernel of ${release}`, { skip: lacksKernel({ release }) }, async (t) => {
    const cached = await Daemon.start({ cache: 'auto' });
    const uncached = await Daemon.start({ cache: 'never', options: ['--allow-mmap'] });
    try {
      const guest = await Guest.boot({
        socket: cached.socket,
        shares: { uncached: uncached.socket },
        release,
        queues: 2,
      });
      try {
        await runGuestChecks(t, guest, { cache: 'auto', directory: 'checks' });
        expectBirthTimes(t, path.join(cached.directory, 'checks'));
        await guest.run('umount /mnt && mount -t virtiofs uncached /mnt');
        const only = 'mapping';
        await runGuestChecks(t, guest, { cache: 'never', directory: 'checks', only });
      } finally {
        await guest.end();
      }
    } finally {
      for (const daemon of [cached, uncached]) t.ok(await daemon.stop(), 'the daemon ends');
    }
  });
}

/** The guest has written into each file when it was born. */
function expectBirthTimes(t: Test, directory: string): void {
  const files = readdirSync(directory)
    .flatMap((name) => ['born', 'born-again'].map((file) => path.join(directory, name, file)))
    .filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
  t.equal(files.length, 2, 'the guest has written down two birth times');
  for (const file of files) {
    const { birthtimeNs } = statSync(file, { bigint: true });
    t.equal(readFileSync(file, 'utf8'), String(birthtimeNs), 'the host knows the same birth time');
  }
}
