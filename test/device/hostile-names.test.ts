// SPDX-License-Identifier: Apache-2.0

// Names that are no names, in every request that has one and in every sandbox: without one, nothing but the check itself
// keeps them from leading out of the share (CVE-2016-7116, CVE-2017-7471, GHSA-2gv2-cffp-j227).

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { Op, root, terminated } from './guest.js';
import { openScene, stillServes } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';

const O_RDWR = 2;
const O_CREAT = 0o100;
const isRoot = process.getuid?.() === 0;

/** Requests that carry a name, with the fixed part in front of it and what else belongs behind it. */
const requestsWithNames = (file: bigint): readonly [string, number, Buffer, Buffer][] => [
  ['LOOKUP', Op.LOOKUP, u32(), u32()],
  ['MKNOD', Op.MKNOD, u32(0o100644, 0, 0, 0), u32()],
  ['MKDIR', Op.MKDIR, u32(0o755, 0), u32()],
  ['SYMLINK', Op.SYMLINK, u32(), terminated('target')],
  ['LINK', Op.LINK, u64(file), u32()],
  ['UNLINK', Op.UNLINK, u32(), u32()],
  ['RMDIR', Op.RMDIR, u32(), u32()],
  ['RENAME, old name', Op.RENAME, u64(root), terminated('new')],
  ['RENAME, new name', Op.RENAME, Buffer.concat([u64(root), terminated('file')]), u32()],
  ['RENAME2, old name', Op.RENAME2, u64(root, 0), terminated('new')],
  ['RENAME2, new name', Op.RENAME2, Buffer.concat([u64(root, 0), terminated('file')]), u32()],
  ['CREATE', Op.CREATE, u32(O_RDWR | O_CREAT, 0o644, 0, 0), u32()],
];

const badNames: readonly [string, Buffer][] = [
  ['an empty name', Buffer.from('')],
  ['.', Buffer.from('.')],
  ['..', Buffer.from('..')],
  ['an absolute path', Buffer.from('/etc/vfsd-was-here')],
  ['a path', Buffer.from('directory/x')],
  ['a path out of the share', Buffer.from('../escaped')],
  ['a trailing slash', Buffer.from('directory/')],
  ['a slash', Buffer.from('/')],
  ['256 bytes', Buffer.alloc(256, 'n')],
  ['4096 bytes', Buffer.alloc(4096, 'n')],
];

for (const sandbox of ['namespace', 'chroot', 'none']) {
  t.test(`--sandbox=${sandbox}`, { skip: sandbox === 'chroot' && !isRoot }, async (t) => {
    const { guest, share } = await openScene(t, {
      options: [`--sandbox=${sandbox}`],
      furnish: (share) => {
        writeFileSync(`${share}/file`, 'content');
        mkdirSync(`${share}/directory`);
      },
    });
    const requests = requestsWithNames(guest.lookup(root, 'file').node);
    for (const [request, opcode, before, after] of requests) {
      t.test(`${request} refuses names that are no names`, async (t) => {
        for (const [what, name] of badNames) {
          const body = Buffer.concat([before, terminated(name), after]);
          t.match(guest.request(opcode, root, body).status, /^(EINVAL|ENAMETOOLONG)$/, what);
        }
        const unterminated = Buffer.concat([before, Buffer.from('new name')]);
        t.equal(guest.request(opcode, root, unterminated).status, 'EINVAL', 'no terminator');
        t.equal(guest.request(opcode, root, before).status, 'EINVAL', 'no name at all');
        const names = readdirSync(share, { recursive: true }).sort().join();
        t.equal(names, 'directory,file', 'nothing was done');
        t.notOk(existsSync('/etc/vfsd-was-here') || existsSync(`${share}/../escaped`));
        stillServes(t, guest, request);
      });
    }
  });
}
