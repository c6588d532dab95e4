// SPDX-License-Identifier: Apache-2.0

// Who changes a file takes its set-user-ID and set-group-ID bits away, unless it is root.

import { chmodSync, chownSync, mkdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Fattr, Init, Op, root } from './guest.js';
import { processTree, threadsOf } from './process-tree.js';
import { openScene } from './scene.js';

const O_RDWR = 2;
const O_TRUNC = 0o1000;
const killSuidgid = 1; // FUSE_OPEN_KILL_SUIDGID
const writeKillSuidgid = 4; // FUSE_WRITE_KILL_SUIDGID
const keepSize = 1;
const punchHole = 2;
const zeroRange = 16;
const all = 0o6777;
const cleared = 0o777;
const superuser = { uid: 0, gid: 0 };
const user = { uid: 1000, gid: 1000 };
const isRoot = process.getuid?.() === 0;

for (const isV2 of [true, false]) {
  const options = isV2 ? [] : ['--no-killpriv-v2'];
  t.test(`${isV2 ? 'with' : 'without'} killpriv-v2`, { skip: !isRoot }, async (t) => {
    const { guest, share } = await openScene(t, { options });
    t.equal((guest.agreed & Init.HANDLE_KILLPRIV_V2) !== 0n, isV2);
    const file = join(share, 'file');
    const { node, handle } = guest.create(root, 'file', O_RDWR);
    const source = guest.create(root, 'source', O_RDWR);
    guest.write(source.node, source.handle, 0, 'content');

    const modeAfter = (change: () => { status: string }): number => {
      truncateSync(file, 1 << 20);
      chmodSync(file, all);
      const { status } = change();
      if (status !== 'OK') throw new Error(status);
      return statSync(file).mode & 0o7777;
    };

    t.equal(
      modeAfter(() => guest.write(node, handle, 0, 'x')),
      all,
      'WRITE',
    );
    t.equal(
      modeAfter(() => guest.write(node, handle, 0, 'x', 1, writeKillSuidgid)),
      cleared,
      'WRITE that says so',
    );
    t.equal(
      modeAfter(() => guest.setattr(node, { size: 1 })),
      all,
      'SETATTR',
    );
    const valid = Fattr.SIZE | Fattr.KILL_SUIDGID;
    t.equal(
      modeAfter(() => guest.setattr(node, { size: 1, valid })),
      isV2 ? cleared : all,
      'SETATTR that says so',
    );
    t.equal(
      modeAfter(() => guest.setattr(node, { uid: 5 })),
      cleared,
      'a new owner',
    );
    t.equal(
      modeAfter(() => guest.setattr(node, { mode: 0o104755 })),
      0o4755,
      'a new mode',
    );
    t.equal(
      modeAfter(() => guest.open(node, O_RDWR | O_TRUNC, 0, superuser)),
      all,
      'O_TRUNC by root',
    );
    t.equal(
      modeAfter(() => guest.open(node, O_RDWR | O_TRUNC, isV2 ? killSuidgid : 0, user)),
      cleared,
      'O_TRUNC by a user',
    );
    for (const mode of [0, keepSize, keepSize | punchHole, zeroRange]) {
      const allocate = (caller: typeof user) => () =>
        guest.fallocate(node, handle, 0n, 65536n, mode, caller);
      t.equal(modeAfter(allocate(superuser)), all, `FALLOCATE ${mode} by root`);
      t.equal(modeAfter(allocate(user)), cleared, `FALLOCATE ${mode} by a user`);
    }
    for (const opcode of [Op.COPY_FILE_RANGE, Op.COPY_FILE_RANGE_64]) {
      const copy = (caller: typeof user) => () =>
        guest.copyFileRange(
          { node: source.node, handle: source.handle, offset: 0 },
          { node, handle, offset: 0 },
          7,
          0,
          caller,
          opcode,
        );
      t.equal(modeAfter(copy(superuser)), all, `copy ${opcode} by root`);
      t.equal(modeAfter(copy(user)), cleared, `copy ${opcode} by a user`);
    }
  });
}

// CVE-2022-0358
t.test('groups that vfsd was started with are nobody’s', { skip: !isRoot }, async (t) => {
  const { guest, daemon, share } = await openScene(t, {
    wrapper: ['setpriv', '--groups=4000,4001,4002'],
    furnish: (share) => {
      mkdirSync(join(share, 'shared'));
      chownSync(join(share, 'shared'), 0, 4001);
      chmodSync(join(share, 'shared'), 0o2777);
    },
  });
  const { node } = guest.lookup(root, 'shared');
  t.equal(guest.create(node, 'program', O_RDWR, 0o102755, user).status, 'OK');
  const made = statSync(join(share, 'shared/program'));
  t.equal(made.gid, 4001, 'the group is the directory’s');
  t.equal(made.mode & 0o7777, 0o755, 'and no way to become a member of it');
  t.equal(guest.mknod(node, 'other', 0o102755, 0, user).status, 'OK');
  t.equal(statSync(join(share, 'shared/other')).mode & 0o7777, 0o755, 'by MKNOD either');
  for (const { fields } of threadsOf(processTree(daemon.pid).slice(1))) {
    t.equal(fields.get('Groups')?.trim(), '', `${fields.get('Name')} has no supplementary groups`);
  }
});
