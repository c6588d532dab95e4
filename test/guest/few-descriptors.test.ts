// SPDX-License-Identifier: Apache-2.0
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';

import t from 'tap';

import { Guest } from './boot.js';
import { Daemon } from './daemon.js';

const directories = 100;
const filesInEach = 1_000;

function makeFiles(share: string): void {
  for (let directory = 0; directory < directories; directory += 1) {
    const base = path.join(share, `directory-${directory}`);
    mkdirSync(base);
    for (let file = 0; file < filesInEach; file += 1) closeSync(openSync(`${base}/${file}`, 'w'));
  }
}

await t.test('find goes through 100,000 files with few descriptors', async (t) => {
  const options = ['--rlimit-nofile=2000', '--inode-file-handles=prefer'];
  const daemon = await Daemon.start({ cache: 'auto', options });
  try {
    makeFiles(daemon.directory);
    const guest = await Guest.boot({ socket: daemon.socket });
    try {
      // The time of each is asked for, so that each of them has to be looked up.
      const found = await guest.run('find /mnt -type f -mmin -100 2>&1 | wc -l');
      t.same(found, { status: 0, output: String(directories * filesInEach) }, 'all are found');
      const read = await guest.run('cat /mnt/directory-*/7 && echo text >/mnt/directory-5/7');
      t.same(read, { status: 0, output: '' }, 'files can still be opened');
    } finally {
      await guest.end();
    }
  } finally {
    t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
  }
});
