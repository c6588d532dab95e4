// SPDX-License-Identifier: Apache-2.0
//
// The same directories through QEMU's own 9p server and through vfsd, in both mapped models: what one of them writes
// the other one shows, to the last bit that tar can tell.

import { mkdirSync } from 'node:fs';
import path from 'node:path';

import t, { type Test } from 'tap';

import { writeArchive } from './archive.js';
import { Guest } from './boot.js';
import { makeScratchDirectory, removeScratchDirectory } from './child.js';
import { Daemon } from './daemon.js';
import { lacksKernel } from './host.js';

const models = ['mapped-xattr', 'mapped-file'] as const;
const flavour = 'generic';

/** All that tar sees of a tree, as one number. Times of directories are set by what is done in them, and tar sets
 * those that were archived. */
function digest(directory: string): string {
  const tar = '/usr/bin/tar --acls --sort=name --format=pax --pax-option=delete=atime,delete=ctime';
  return `${tar} -C ${directory} -cf - . 2>&1 | sha256sum`;
}

/** What people do to a tree, in one of the two ways to see it. */
const changes = [
  'mkdir work && cd work',
  'echo text >file && chmod 4755 file && chown 12:34 file',
  'ln -s file link && chown -h 5:6 link',
  'mknod device c 10 200 && chmod 640 device && chown 1:2 device',
  'mkfifo pipe && mkdir -m 2775 directory && chown 0:77 directory',
  'echo text >directory/inherits && mkdir directory/below',
  'ln file directory/second && mv device directory/moved && mv directory/moved directory/again',
  'echo over >target && chown 8:9 target && mv target link',
  'echo text >gone && rm gone && mkdir empty && rmdir empty',
  'mkdir -p full/of && echo text >full/of/it && chown -R 3:4 full && mv full renamed && rm -r renamed',
  'chmod u-s file && chown 100 directory/second && touch -d @1600000000 file',
  'umask 077 && echo text >private && mkdir closed',
  'find . -exec touch -h -d @1600000000 {} + && touch -d @1600000000 ..',
].join(' && ');

/** Lines of tar's listing without which the comparison would prove little. */
const expected: readonly (readonly [string, RegExp])[] = [
  ['set-user-ID programs', /^-rwsr-xr-x +0\/0 .*tree\/program$/m],
  ['devices', /^brw-rw---- +0\/6 +259,70000 .*large numbers$/m],
  ['symbolic links', /^lrwxrwxrwx +7\/8 .*tree\/link -> program$/m],
  ['hard links', /second name link to \.\/tree\/program$|tree\/program link to .*second name$/m],
  ['access control lists', /^-rw-rw----\+ 1000\/1000.*with-a-list\n *a: user::rw-,user:1234:r--/m],
  ['what a directory hands down', /^-rw-r--r-- +0\/77 .*work\/directory\/inherits$/m],
  ['ids above 2^31', /^---------- +4000000000\/4000000001 .*secret$/m],
];

async function succeed(t: Test, guest: Guest, command: string, what: string): Promise<string> {
  const { status, output } = await guest.run(command);
  t.equal(status, 0, what, { output: output.slice(-2000) });
  return output;
}

await t.test('QEMU and vfsd at the same trees', { skip: lacksKernel({ flavour }) }, async (t) => {
  const scratch = await makeScratchDirectory('round-trip');
  const daemons: Daemon[] = [];
  const start = async (directory: string, ...options: string[]): Promise<Daemon> => {
    mkdirSync(directory, { recursive: true });
    const daemon = await Daemon.start({ cache: 'never', directory, options });
    daemons.push(daemon);
    return daemon;
  };
  try {
    const plain = await start(path.join(scratch, 'plain'));
    writeArchive(path.join(plain.directory, 'archive.tar'));
    const shares: Record<string, string> = {};
    const fsdevs: Record<string, string> = {};
    for (const model of models) {
      const directory = path.join(scratch, model);
      const options = [`--security-model=${model}`, '--posix-acl=always'];
      shares[model] = (await start(directory, ...options)).socket;
      fsdevs[`${model}-9p`] = `local,path=${directory},security_model=${model}`;
    }
    const guest = await Guest.boot({ socket: plain.socket, flavour, shares, fsdevs });
    try {
      for (const model of models) {
        await t.test(model, async (t) => {
          const qemu = `/${model}-9p`;
          const vfsd = `/${model}`;
          await guest.mount9p(`${model}-9p`, qemu, ',posixacl');
          await succeed(t, guest, `mkdir ${vfsd} && mount -t virtiofs ${model} ${vfsd}`, 'mount');
          await compareBothWays(t, guest, qemu, vfsd);
        });
      }
    } finally {
      await guest.end();
    }
  } finally {
    for (const daemon of daemons) {
      const { log } = daemon;
      t.ok(await daemon.stop(), 'the daemon ends', { log });
    }
    await removeScratchDirectory(scratch);
  }
});

async function compareBothWays(t: Test, guest: Guest, qemu: string, vfsd: string): Promise<void> {
  const ways = [
    { name: 'QEMU', writes: qemu, reads: vfsd },
    { name: 'vfsd', writes: vfsd, reads: qemu },
  ];
  const seen: string[] = [];
  for (const { name, writes, reads } of ways) {
    const place = `by-${name.toLowerCase()}`;
    const unpack = `/usr/bin/tar --acls --numeric-owner -C ${writes}/${place} -xpf /mnt/archive.tar`;
    await succeed(t, guest, `mkdir ${writes}/${place} && ${unpack}`, `tar unpacks through ${name}`);
    await succeed(t, guest, `cd ${writes}/${place} && ${changes}`, `work through ${name}`);
    const written = await succeed(t, guest, digest(`${writes}/${place}`), `${name} shows it`);
    const read = await succeed(t, guest, digest(`${reads}/${place}`), 'so does the other one');
    if (written !== read) await explain(t, guest, `${writes}/${place}`, `${reads}/${place}`);
    t.equal(read, written, `what ${name} wrote is what the other one shows`);
    seen.push(written);
    const listing = await succeed(t, guest, list(`${reads}/${place}`), 'tar can tell of it');
    for (const [what, line] of expected) t.match(listing, line, what);
  }
  if (seen[0] !== seen[1]) await explain(t, guest, `${qemu}/by-qemu`, `${qemu}/by-vfsd`);
  t.equal(seen[1], seen[0], 'both make the same of the same work');
  for (const { name, writes } of ways) {
    await succeed(t, guest, `rm -r ${writes}/by-*`, `everything can be removed through ${name}`);
    const left = await succeed(t, guest, `ls -A ${writes}; mkdir ${writes}/by-next`, 'and is gone');
    t.equal(left.trim(), '', 'nothing is left');
  }
}

function list(directory: string): string {
  const tar = `/usr/bin/tar --acls --sort=name -C ${directory} -cf - .`;
  return `set -o pipefail; ${tar} | /usr/bin/tar --acls --numeric-owner --full-time -tvvf -`;
}

/** Tells in which lines of tar's listing two trees differ. */
async function explain(t: Test, guest: Guest, one: string, other: string): Promise<void> {
  const { output } = await guest.run(
    `(${list(one)}) >/tmp/one; (${list(other)}) >/tmp/other; diff /tmp/one /tmp/other`,
  );
  t.comment(output.slice(0, 4000));
}
