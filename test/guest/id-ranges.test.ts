// SPDX-License-Identifier: Apache-2.0
//
// An ordinary user's daemon with subordinate ids: the guest has a root and as many users as it likes, and the host has
// none of them.

import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';

import t from 'tap';

import { ordinaryUser } from './daemon.js';
import { runGuestChecks } from './guest-checks.js';
import { withGuest } from './whole-suite.js';

const grantedIds = { first: 300_000, count: 65_536 };
const maps = ['uid', 'gid'].flatMap((kind) => [
  `--${kind}-map=:0:${ordinaryUser}:1:`,
  `--${kind}-map=:1:${grantedIds.first}:${grantedIds.count - 1}:`,
]);

/** Whom the host takes the guest's user for. */
const onHost = (id: number) => (id === 0 ? ordinaryUser : grantedIds.first + id - 1);

const needed = ['/usr/bin/newuidmap', '/usr/bin/newgidmap', '/etc/subuid', '/etc/subgid'];
const missing = needed.find((file) => !existsSync(file));
const skip =
  process.getuid?.() !== 0 ? 'only root can grant ids' : missing && `${missing} is missing`;

t.test("the guest's users are the host's subordinate ids", { skip: skip ?? false }, async (t) => {
  const options = { cache: 'auto', asOrdinaryUser: true, grantedIds, options: maps } as const;
  await withGuest(t, options, async ({ guest, daemon, cache }) => {
    const made = await guest.run(
      'cd /mnt && mkdir etc home && echo root >etc/passwd && echo web >www && chown 33:33 www && ' +
        'echo mail >spool && chown 8:12 spool && chmod 6755 spool && ' +
        'echo far >last && chown 65535:65535 last && ' +
        'tar -cf /tmp/all.tar etc www spool last && mkdir copy && tar -xpf /tmp/all.tar -C copy',
    );
    t.equal(made.status, 0, 'root makes files and gives them away', made);
    const seen = await guest.run('cd /mnt/copy && stat -c "%n %u:%g %a" etc/passwd www spool last');
    const expected: readonly (readonly [string, number, number, string])[] = [
      ['etc/passwd', 0, 0, '644'],
      ['www', 33, 33, '644'],
      ['spool', 8, 12, '6755'],
      ['last', 65535, 65535, '644'],
    ];
    t.same(
      seen.output.split('\n'),
      expected.map(([name, uid, gid, mode]) => `${name} ${uid}:${gid} ${mode}`),
      'a copy that tar has made has the same owners and modes',
    );
    for (const [name, uid, gid] of expected) {
      const host = await lstat(path.join(daemon.directory, 'copy', name));
      t.same([host.uid, host.gid], [onHost(uid), onHost(gid)], `the host's owner of ${name}`);
    }
    const beyond = await guest.run('chown 65536 /mnt/www');
    t.not(beyond.status, 0, 'a user whom the host has no id for is refused', beyond);
    await runGuestChecks(t, guest, { cache, directory: 'owners', only: 'user 1000', skips: false });
  });
});
