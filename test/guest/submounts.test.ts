// SPDX-License-Identifier: Apache-2.0
//
// File systems that are mounted below the share, as a guest's kernel takes them.

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { Daemon } from './daemon.js';

const skip = process.getuid?.() === 0 ? false : 'only root can mount';

async function withSubmounts(
  t: Test,
  options: readonly string[],
  work: (guest: Guest) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start({ cache: 'auto', submounts: ['first', 'second'], options });
  try {
    const guest = await Guest.boot({ socket: daemon.socket });
    try {
      await work(guest);
      t.notOk(daemon.hasEnded, 'the daemon is still running', { log: daemon.log });
    } finally {
      await guest.end();
    }
  } finally {
    t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
  }
}

t.test('each is a file system of its own for the guest', { skip }, async (t) => {
  await withSubmounts(t, [], async (guest) => {
    const expect = async (command: string, output: string, what: string) => {
      t.same(await guest.run(command), { status: 0, output }, what);
    };
    // By READDIRPLUS first, and then by name.
    await expect('ls /mnt', 'first\nsecond', 'they are listed');
    await expect('cat /mnt/first/file /mnt/second/file', 'first\nsecond', 'and entered');
    const devices = 'stat -c %d /mnt /mnt/first /mnt/second /mnt/first/inner';
    const { output } = await guest.run(devices);
    const [share, first, second, inner] = output.split('\n');
    t.equal(new Set([share, first, second]).size, 3, 'with device numbers of their own');
    t.equal(inner, first);
    await expect('find /mnt -xdev -name file', '', 'find stays on one file system');
    await expect('cd /mnt/first && ls -a .. | grep -c second', '1', 'the way up leads back');
    await expect(
      'cd /mnt/first && echo new >new && mv new ../second/new && cat ../second/new',
      'new',
      'files are written and moved across',
    );
    await expect(
      'umount /mnt/first && cat /mnt/first/file',
      'first',
      'they come back by themselves',
    );
  });
});

t.test('where they are not announced, all is one file system', { skip }, async (t) => {
  await withSubmounts(t, ['--no-announce-submounts'], async (guest) => {
    const { output } = await guest.run('stat -c %d /mnt /mnt/first /mnt/second');
    t.equal(new Set(output.split('\n')).size, 1);
    const files = await guest.run('stat -c %i /mnt/first/file /mnt/second/file');
    t.equal(new Set(files.output.split('\n')).size, 2, 'with inode numbers that do not meet');
  });
});
