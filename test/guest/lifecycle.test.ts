// SPDX-License-Identifier: Apache-2.0
//
// What happens to a share when the machine, or its kernel, comes and goes.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { delay } from './child.js';
import { Daemon } from './daemon.js';
import { runGuestChecks } from './guest-checks.js';

/** Writes files one after the other for some seconds, and prints their checksums. */
const busyWork =
  'mkdir /mnt/work && cd /mnt/work && ' +
  'for i in $(seq 40); do ' +
  'dd if=/dev/urandom of=file-$i bs=64k count=16 2>/dev/null && cat file-$i >copy && ' +
  'cmp copy file-$i || exit 1; ls -la >/dev/null; done; rm copy; sha256sum *';

async function withDaemon(t: Test, work: (daemon: Daemon) => Promise<void>): Promise<void> {
  const daemon = await Daemon.start({ cache: 'auto' });
  try {
    await work(daemon);
    t.notOk(daemon.hasEnded, 'the daemon is still running', { log: daemon.log });
  } finally {
    t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
  }
}

async function expectChecksumsOnHost(t: Test, daemon: Daemon, sums: string): Promise<void> {
  const lines = sums.split('\n').filter((line) => line !== '');
  t.equal(lines.length, 40, 'the guest has written all its files');
  for (const line of lines) {
    const [sum, name] = line.split('  ');
    const content = await readFile(path.join(daemon.directory, 'work', name ?? ''));
    t.equal(createHash('sha256').update(content).digest('hex'), sum, `the host has ${name} whole`);
  }
}

async function expectShareWorks(t: Test, guest: Guest, daemon: Daemon, when: string) {
  await writeFile(path.join(daemon.directory, 'from-host'), when);
  const read = await guest.run('cat /mnt/from-host');
  t.same(read, { status: 0, output: when }, `the guest reads the host's file ${when}`);
  const written = await guest.run(`echo '${when}' >/mnt/from-guest`);
  t.equal(written.status, 0, `the guest writes a file ${when}`, written);
  const found = await readFile(path.join(daemon.directory, 'from-guest'), 'utf8');
  t.equal(found, `${when}\n`, `the host reads the guest's file ${when}`);
}

t.test('the machine is stopped and continued in the middle of work', async (t) => {
  await withDaemon(t, async (daemon) => {
    const guest = await Guest.boot({ socket: daemon.socket });
    try {
      const work = guest.run(busyWork);
      for (let turn = 0; turn < 8; turn += 1) {
        await delay(150);
        await guest.monitor('stop');
        await delay(100);
        await guest.monitor('cont');
      }
      const { status, output } = await work;
      t.equal(status, 0, 'the work succeeds', { output });
      await expectChecksumsOnHost(t, daemon, output);
    } finally {
      await guest.end();
    }
  });
});

t.test('the share is unmounted and mounted again', async (t) => {
  await withDaemon(t, async (daemon) => {
    const guest = await Guest.boot({ socket: daemon.socket });
    try {
      for (const turn of [1, 2, 3]) {
        await expectShareWorks(t, guest, daemon, `at mount ${turn}`);
        const again = await guest.run('umount /mnt && mount -t virtiofs share /mnt');
        t.same(again, { status: 0, output: '' }, `it is mounted again after mount ${turn}`);
      }
      const only = 'an extended attribute';
      await runGuestChecks(t, guest, { cache: 'auto', directory: 'checks', only });
    } finally {
      await guest.end();
    }
  });
});

t.test('the guest is reset while it has files open, and boots again', async (t) => {
  await withDaemon(t, async (daemon) => {
    const guest = await Guest.boot({ socket: daemon.socket, rebootsOnReset: true });
    try {
      for (const turn of [1, 2]) {
        await expectShareWorks(t, guest, daemon, `at boot ${turn}`);
        // In the background, so that the session is free and the files are open at the reset.
        await guest.run('(tail -f /mnt/from-host /mnt/from-guest >/dev/null 2>&1 &)');
        await guest.reset();
      }
      await expectShareWorks(t, guest, daemon, 'after two resets');
    } finally {
      await guest.end();
    }
  });
});

t.test('QEMU is killed in the middle of work, and another one comes', async (t) => {
  await withDaemon(t, async (daemon) => {
    for (const turn of [1, 2, 3]) {
      const guest = await Guest.boot({ socket: daemon.socket });
      try {
        await expectShareWorks(t, guest, daemon, `with machine ${turn}`);
        const unfinished = guest.run(`rm -rf /mnt/work; ${busyWork}`);
        unfinished.catch(() => undefined);
        await delay(500);
      } finally {
        await guest.end();
      }
      // A daemon that takes this for its end needs a moment for it.
      await delay(300);
      t.notOk(daemon.hasEnded, `the daemon outlives machine ${turn}`, { log: daemon.log });
    }
  });
});
