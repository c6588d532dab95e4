// SPDX-License-Identifier: Apache-2.0
//
// Two guests, each with a daemon of its own, and programs of the host lock the same files.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import t, { type Test } from 'tap';

import { native } from '../device/native.js';
import { Guest } from './boot.js';
import { delay } from './child.js';
import { Daemon } from './daemon.js';
import { runGuestChecks } from './guest-checks.js';

interface Place {
  readonly directory: string;
  readonly one: Guest;
  readonly two: Guest;
}

type Kind = 'fcntl' | 'flock';

const rows = 60;
/** EAGAIN. */
const wouldBlock = 'errno 11';
/** ERESTARTSYS: how Linux passes EINTR on to a process that no signal has reached. */
const interrupted = 'errno 512';

const hold = (kind: Kind, manner: 'try' | 'wait', command: string): string =>
  `/guest/guest-checks hold ${kind} ${manner} /mnt/${kind} '${command}'`;

async function withTwoGuests(t: Test, work: (place: Place) => Promise<void>): Promise<void> {
  const ends: (() => Promise<unknown>)[] = [];
  const start = async (directory?: string): Promise<[Daemon, Guest]> => {
    const daemon = await Daemon.start({
      // Nothing else tells a guest that the other one has changed a file.
      cache: 'never',
      options: ['--posix-lock', '--flock'],
      ...(directory === undefined ? {} : { directory }),
    });
    ends.unshift(async () => {
      t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
    });
    const guest = await Guest.boot({ socket: daemon.socket });
    ends.unshift(() => guest.end());
    return [daemon, guest];
  };
  try {
    const [{ directory }, one] = await start();
    const [, two] = await start(directory);
    await work({ directory, one, two });
  } finally {
    for (const end of ends) await end();
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    if (holds()) return;
    await delay(50);
  }
  throw new Error(`not in time: ${what}`);
}

/** Whether the host could lock the file now. */
function isFree(directory: string, kind: Kind): boolean {
  const file = path.join(directory, kind);
  const fd = native.lockFile(file, kind === 'flock' ? 'whole' : 'range', 0, 0);
  if (fd >= 0) native.closeFd(fd);
  return fd >= 0;
}

async function keepOut(t: Test, kind: Kind, { directory, one, two }: Place): Promise<void> {
  const seen = (name: string): boolean => existsSync(path.join(directory, name));
  const holding = one.run(
    hold(kind, 'try', `touch /mnt/${kind}-held; until [ -e /mnt/${kind}-go ]; do sleep 0.1; done`),
  );
  await until('the first guest has the lock', () => seen(`${kind}-held`));
  const refused = await two.run(hold(kind, 'try', 'true'));
  t.equal(refused.output.trim(), wouldBlock, `${kind}: the other guest does not get it`);
  t.notOk(isFree(directory, kind), `${kind}: nor does the host`);
  const waiting = two.run(hold(kind, 'wait', `touch /mnt/${kind}-granted`));
  await delay(1000);
  t.notOk(seen(`${kind}-granted`), `${kind}: who waits has not got it`);
  await writeFile(path.join(directory, `${kind}-go`), '');
  t.equal((await holding).status, 0, `${kind}: the holder ends`);
  t.equal((await waiting).status, 0, `${kind}: it is granted when the other process ends`);
  t.ok(seen(`${kind}-granted`), `${kind}: and the one that waited does its work`);
  t.ok(isFree(directory, kind), `${kind}: and is free in the end`);
}

async function killWaiter(t: Test, kind: Kind, { directory, one }: Place): Promise<void> {
  const file = path.join(directory, kind);
  const fd = native.lockFile(file, kind === 'flock' ? 'whole' : 'range', 0, 0);
  t.ok(fd >= 0, `${kind}: the host has the lock`);
  const { output } = await one.run(
    `${hold(kind, 'wait', `touch /mnt/${kind}-never`)} & pid=$!; sleep 1; kill -9 $pid; sleep 0.5; ` +
      'if [ -e /proc/$pid/stat ]; then echo stays; fi',
  );
  t.match(output, /stays/, `${kind}: a process that is killed stays until its wait is over`);
  native.closeFd(fd);
  await until('the lock is free again', () => isFree(directory, kind));
  t.notOk(existsSync(path.join(directory, `${kind}-never`)), `${kind}: it does nothing any more`);
}

async function pauseWaiter(t: Test, kind: Kind, { directory, one }: Place): Promise<void> {
  const file = path.join(directory, kind);
  // Whoever was killed while waiting may have it for a moment still.
  let fd = -1;
  await until('the host has the lock', () => {
    fd = native.lockFile(file, kind === 'flock' ? 'whole' : 'range', 0, 0);
    return fd >= 0;
  });
  const waiting = one.run(hold(kind, 'wait', 'true'));
  await delay(1000);
  await one.monitor('stop');
  await one.monitor('cont');
  const { output } = await waiting;
  t.equal(output.trim(), interrupted, `${kind}: a wait ends when the machine is stopped`);
  native.closeFd(fd);
  t.equal((await one.run(hold(kind, 'try', 'true'))).status, 0, `${kind}: and can be asked again`);
}

async function useDatabase(t: Test, { directory, one, two }: Place): Promise<void> {
  const database = 'cd /mnt && sqlite3 -cmd ".timeout 60000" db';
  const created = await one.run(`${database} "CREATE TABLE t (who, n);"`);
  t.equal(created.status, 0, 'a database is made', created);
  const insert = (who: number): string =>
    `cd /mnt && for n in $(seq ${rows}); do echo "INSERT INTO t VALUES (${who}, $n);"; done | ` +
    'sqlite3 -bail -cmd ".timeout 60000" db';
  const inserted = await Promise.all([one.run(insert(1)), two.run(insert(2))]);
  for (const result of inserted) t.same(result, { status: 0, output: '' }, 'all rows are inserted');
  const query = 'PRAGMA integrity_check; SELECT who, count(DISTINCT n) FROM t GROUP BY who;';
  const found = execFileSync('sqlite3', [path.join(directory, 'db'), query]);
  t.equal(String(found), `ok\n1|${rows}\n2|${rows}\n`, 'the host finds the database sound');
}

await withTwoGuests(t, async (place) => {
  for (const kind of ['fcntl', 'flock'] as const) {
    await keepOut(t, kind, place);
    await killWaiter(t, kind, place);
    await pauseWaiter(t, kind, place);
  }
  await useDatabase(t, place);
  await runGuestChecks(t, place.one, { cache: 'never', directory: 'checks', only: 'lock' });
});
