// SPDX-License-Identifier: Apache-2.0
//
// QEMU's 9p server as an ordinary user, with virtfs-proxy-helper in the place of its rights.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { runGuestChecks } from './guest-checks.js';
import { lacksKernel } from './host.js';
import { ProxyHelper, withHelperAsDescriptor } from './proxy-helper.js';

const flavour = 'generic';
const seconds = "the guest's 9p, of Linux 6.1, keeps whole seconds from 1970 on";
const byName = 'this server looks at a file that is open by its name';
const noMappings = 'without a cache the guest answers EINVAL for a shared mapping';
const noFlags = '9p has no flags of a rename';
const noSpace = '9p has neither fallocate nor SEEK_HOLE';

/** All but one are the same with QEMU's own server as root. */
const leftOut = {
  'utimensat sets both times to the nanosecond': seconds,
  'futimens sets the times of an open file': seconds,
  'times before 1970 are kept': seconds,
  'the times of a symbolic link are its own': seconds,
  'UTIME_OMIT leaves the other time alone':
    "QEMU tells the helper of the modification time's nanoseconds only, for both times",
  '5,000 files are listed, each exactly once, and can be asked about':
    'without a cache it takes minutes on an emulated processor',
  'a file that is removed while it is open can be read and written': byName,
  'a file that is replaced while it is open keeps its content': byName,
  'locks end with the process that held them':
    "to the guest's 9p a flock and a record lock are the same, and exclude each other",
  'a shared mapping shows what was written, or is ENODEV without a cache': noMappings,
  'what is written into a shared mapping is read by read, or is ENODEV without a cache': noMappings,
  'two processes share a mapping, or it is ENODEV without a cache': noMappings,
  'RENAME_NOREPLACE does not replace': noFlags,
  'RENAME_EXCHANGE swaps a file and a directory': noFlags,
  'fallocate gives a file size and space': noSpace,
  'fallocate keeps the size when asked to': noSpace,
  'a punched hole reads as zeros, and the rest stays': noSpace,
  'SEEK_DATA and SEEK_HOLE find the parts of a sparse file': noSpace,
  'an extended attribute may hold zeros, or nothing': 'in 9p to set it to nothing is to remove it',
} as const;

const skip =
  process.getuid?.() === 0 ? lacksKernel({ flavour }) : 'only root can be the rights of another';

await t.test('the helper on a socket', { skip }, async (t) => {
  const helper = await ProxyHelper.start();
  try {
    const guest = await Guest.boot({
      flavour,
      qemuAsOrdinaryUser: true,
      fsdevs: { proxy: `proxy,socket=${helper.socket}` },
    });
    try {
      await guest.mount9p('proxy', '/9p', ',posixacl');
      await expectRootsRights(t, guest, helper.directory);
      await runGuestChecks(t, guest, {
        cache: 'never',
        share: '/9p',
        directory: 'checks',
        leftOut,
      });
    } finally {
      await guest.end();
    }
    t.equal(await helper.end(), 0, 'the helper ends with QEMU');
    t.equal(helper.log, '', 'and has had nothing to say');
  } catch (error) {
    t.comment(`the helper's log:\n${helper.log}`);
    await helper.end();
    throw error;
  }
});

await t.test('the helper on a descriptor', { skip }, async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vfsd-proxy-'));
  await chmod(directory, 0o755);
  try {
    const guest = await Guest.boot({
      flavour,
      qemuAsOrdinaryUser: true,
      qemuWrapper: withHelperAsDescriptor(directory),
      fsdevs: { proxy: 'proxy,sock_fd=9' },
    });
    try {
      await guest.mount9p('proxy', '/9p', ',posixacl');
      await expectRootsRights(t, guest, directory);
    } finally {
      await guest.end();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** What QEMU, as the user that it is, could not do. */
async function expectRootsRights(t: Test, guest: Guest, directory: string): Promise<void> {
  const made = await guest.run(
    'set -e; cd /9p; echo text >program; chown 1234:4321 program; chmod 6755 program; ' +
      'mknod device c 1 5; mkfifo fifo; mkdir -m 2750 closed; chown 12:34 closed; ' +
      'ln -s /etc/passwd link; ln program second; chmod 0 second; chmod 6755 second; ' +
      'cat program; stat -c "%u %g %a" program; readlink link; ' +
      'dd if=device bs=4 count=1 2>/dev/null | od -An -tx1',
  );
  t.same(
    made,
    { status: 0, output: 'text\n1234 4321 6755\n/etc/passwd\n 00 00 00 00' },
    'the guest has its owners, modes and devices',
  );
  const seen = (name: string): readonly number[] => {
    const { uid, gid, mode } = statSync(path.join(directory, name));
    return [uid, gid, mode];
  };
  t.same(seen('program'), [1234, 4321, 0o106755], 'the host has the owner and the set-id bits');
  t.same(seen('closed').slice(0, 2), [12, 34], "and a directory's");
  const device = statSync(path.join(directory, 'device'));
  t.same([device.isCharacterDevice(), device.rdev], [true, 0x105], 'the device is one on the host');
  const user = await guest.run(
    "mkdir -m 1777 /9p/open && su guest -s /bin/sh -c 'umask 077; echo mine >/9p/open/file'",
  );
  t.equal(user.status, 0, 'an ordinary user of the guest makes a file', user);
  t.same(seen('open/file'), [1000, 1000, 0o100600], "which is that user's on the host");
}
