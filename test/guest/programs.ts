// SPDX-License-Identifier: Apache-2.0
//
// Programs that people use, at work in the guest on the share.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

import type { Test } from 'tap';

import type { Guest } from './boot.js';
import type { CacheMode, Daemon } from './daemon.js';
import { differences, hostManifest } from './manifest.js';

export interface Workplace {
  readonly guest: Guest;
  readonly daemon: Daemon;
  readonly cache: CacheMode;
}

const rows = 3_000;
const rowsLeft = 2_000;

export async function runPrograms(t: Test, place: Workplace): Promise<void> {
  await unpackArchive(t, place);
  await useDatabase(t, place, 'delete');
  await useDatabase(t, place, 'wal');
  await cloneRepository(t, place);
}

async function unpackArchive(t: Test, { guest, daemon }: Workplace): Promise<void> {
  const { status, output } = await guest.run(
    'set -e; cd /mnt; mkdir unpacked; ' +
      '/usr/bin/tar --format=posix -C made-by-host/source -cf /tmp/source.tar .; ' +
      '/usr/bin/tar -C unpacked -xpf /tmp/source.tar; rm /tmp/source.tar',
  );
  t.equal(status, 0, 'tar packs and unpacks a source tree', { output });
  const source = await hostManifest(path.join(daemon.directory, 'made-by-host', 'source'));
  const unpacked = await hostManifest(path.join(daemon.directory, 'unpacked'));
  t.ok(source.length > 20, 'the source tree has files');
  t.same(differences(source, unpacked), [], 'what tar has unpacked is what was packed');
}

/** Without a cache older kernels refuse the shared mapping that a shared WAL index is. */
function lockingMode(cache: CacheMode): string {
  return cache === 'never' ? 'PRAGMA locking_mode=EXCLUSIVE;' : '';
}

async function useDatabase(t: Test, place: Workplace, journal: 'delete' | 'wal'): Promise<void> {
  const name = `database-${journal}`;
  const script =
    `${lockingMode(place.cache)} PRAGMA journal_mode=${journal};` +
    'CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB);' +
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})` +
    ' INSERT INTO t SELECT i, randomblob(300) FROM n;' +
    'UPDATE t SET b = randomblob(500) WHERE a % 2 = 0;' +
    'DELETE FROM t WHERE a % 3 = 0; PRAGMA integrity_check;';
  const made = await place.guest.run(`cd /mnt && sqlite3 ${name} '${script}'`);
  t.equal(made.status, 0, `sqlite3 works with journal_mode=${journal}`, made);
  const lines = made.output.split('\n');
  t.ok(lines.includes(journal), `sqlite3 uses journal_mode=${journal}`, made);
  t.equal(lines.at(-1), 'ok', `the guest finds the database sound (${journal})`);
  const query = 'PRAGMA integrity_check; SELECT count(*) FROM t;';
  const found = execFileSync('sqlite3', [path.join(place.daemon.directory, name), query]);
  t.equal(String(found), `ok\n${rowsLeft}\n`, `the host finds the database sound (${journal})`);
}

async function cloneRepository(t: Test, { guest, daemon }: Workplace): Promise<void> {
  const cloned = await guest.run('cd /mnt && git clone --quiet made-by-host/repository.git clone');
  t.equal(cloned.status, 0, 'git clones a repository', cloned);
  const checked = await guest.run('cd /mnt/clone && git fsck --full --strict --no-progress');
  t.equal(checked.status, 0, 'git finds the clone sound', checked);
  const changed = await guest.run('cd /mnt/clone && git status --porcelain');
  t.same(changed, { status: 0, output: '' }, 'git finds nothing changed in the clone');
  const git = (directory: string): string =>
    String(
      execFileSync('git', ['-c', 'safe.directory=*', '-C', directory, 'rev-parse', 'HEAD'], {
        env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null' },
      }),
    );
  const clone = path.join(daemon.directory, 'clone');
  const repository = path.join(daemon.directory, 'made-by-host', 'repository.git');
  t.equal(git(clone), git(repository), 'the host finds the same commit in the clone');
}
