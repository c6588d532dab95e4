// SPDX-License-Identifier: Apache-2.0
//
// A directory that QEMU's own 9p server keeps in the format of its mapped-xattr model, and that vfsd
// serves to the same guest.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import t from 'tap';

import { hostXattrs } from '../device/host-xattrs.js';
import { Guest } from './boot.js';
import { Daemon } from './daemon.js';
import { lacksKernel } from './host.js';

const flavour = 'generic';

/** 32 bits, as the attributes' values are. */
function littleEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('latin1');
}

await t.test(
  '9p and virtio-fs at the same directory',
  { skip: lacksKernel({ flavour }) },
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'vfsd-9p-'));
    const daemon = await Daemon.start({ cache: 'never', directory });
    try {
      const guest = await Guest.boot({
        socket: daemon.socket,
        flavour,
        fsdevs: { heritage: `local,path=${directory},security_model=mapped-xattr` },
      });
      try {
        await guest.mount9p('heritage', '/9p');
        const made = await guest.run(
          'echo text >/9p/file && chown 1234:4321 /9p/file && chmod 4751 /9p/file && stat -c "%u %g %a" /9p/file',
        );
        t.same(
          made,
          { status: 0, output: '1234 4321 4751' },
          'over 9p it has the owner and the mode',
        );
        const file = path.join(directory, 'file');
        t.same(
          hostXattrs(file),
          {
            'user.virtfs.uid': littleEndian(1234),
            'user.virtfs.gid': littleEndian(4321),
            'user.virtfs.mode': littleEndian(0o104751),
          },
          'the host has them as attributes',
        );
        const { uid, gid, mode } = statSync(file);
        t.same(
          [uid, gid, mode & 0o7777],
          [process.getuid?.(), process.getgid?.(), 0o600],
          "the file itself is the server's",
        );
        const seen = await guest.run('stat -c "%u %g %a" /mnt/file && cat /mnt/file');
        t.same(
          seen,
          { status: 0, output: '0 0 600\ntext' },
          "over virtio-fs it is the host's file",
        );
      } finally {
        await guest.end();
      }
    } finally {
      t.ok(await daemon.stop(), 'the daemon ends');
      rmSync(directory, { recursive: true });
    }
  },
);
