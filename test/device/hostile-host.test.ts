// SPDX-License-Identifier: Apache-2.0

// Somebody on the host exchanges names in the share while the guest works with them. Whatever the guest gets, nothing
// outside of the share is read, changed or found.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { root, type Guest } from './guest.js';
import { native } from './native.js';
import { openScene, stillServes, type Scene } from './scene.js';

const O_RDONLY = 0;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const turns = 300;
const secret = 'the secret of the host';
const skip = process.getuid?.() === 0 ? false : 'not root';

/** What must stay as it is: a directory beside the share, with a file in it. */
class Outside {
  readonly path = mkdtempSync(join(tmpdir(), 'vfsd-outside-'));
  readonly file = join(this.path, 'file');
  readonly #before: string;

  constructor() {
    chmodSync(this.path, 0o711);
    writeFileSync(this.file, secret, { mode: 0o640 });
    writeFileSync(join(this.path, 'victim'), secret);
    this.#before = this.#state();
  }

  #state(): string {
    return ['.', ...readdirSync(this.path).sort()]
      .map((name) => {
        const { mode, uid, gid, size, nlink, mtimeMs } = lstatSync(join(this.path, name));
        const content = name === '.' ? '' : readFileSync(join(this.path, name), 'utf8');
        return [name, mode, uid, gid, size, nlink, mtimeMs, content].join(' ');
      })
      .join('\n');
  }

  get inodes(): bigint[] {
    return [this.path, this.file, join(this.path, 'victim')].map(
      (path) => statSync(path, { bigint: true }).ino,
    );
  }

  check(t: Test): void {
    t.equal(this.#state(), this.#before, 'what is outside is as it was');
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

async function openRace(
  t: Test,
  sandbox: string,
  furnish: (share: string, outside: Outside) => void,
): Promise<Scene & { outside: Outside }> {
  const outside = new Outside();
  t.teardown(() => {
    outside.remove();
  });
  const scene = await openScene(t, {
    options: ['--xattr', `--sandbox=${sandbox}`],
    furnish: (share) => {
      furnish(share, outside);
    },
  });
  return { ...scene, outside };
}

/** All that can be done to a file found by its name, whatever it is by now. Returns what was read. */
function workWithFile(guest: Guest, name: string): string {
  const found = guest.lookup(root, name);
  if (found.status !== 'OK') return '';
  const { node } = found;
  let text = '';
  const reading = guest.open(node, O_RDONLY);
  if (reading.status === 'OK') {
    const read = guest.read(node, reading.handle, 0, 100);
    if (read.status === 'OK') ({ text } = read);
    guest.release(node, reading.handle);
  }
  const writing = guest.open(node, O_RDWR | O_TRUNC);
  if (writing.status === 'OK') {
    guest.write(node, writing.handle, 0, 'by the guest');
    guest.fallocate(node, writing.handle, 0n, 100n);
    guest.release(node, writing.handle);
  }
  guest.setattr(node, { size: 5 });
  guest.setattr(node, { mode: 0o777 });
  guest.setattr(node, { uid: 4321, gid: 4321 });
  guest.setattr(node, { mtime: 1 });
  guest.setxattr(node, 'user.guest', 'was here');
  guest.removexattr(node, 'user.guest');
  guest.link(node, root, 'linked');
  guest.unlink(root, 'linked');
  const created = guest.create(root, name, O_RDWR | O_CREAT | O_TRUNC);
  if (created.status === 'OK') {
    guest.write(created.node, created.handle, 0, 'by the guest');
    guest.release(created.node, created.handle);
  }
  guest.forget(node, 1);
  return text;
}

for (const sandbox of ['none', 'chroot', 'namespace']) {
  t.test(
    `a file and a link that leads out change places, --sandbox=${sandbox}`,
    { skip },
    async (t) => {
      const { guest, share, outside } = await openRace(t, sandbox, (share, { file }) => {
        writeFileSync(join(share, 'file'), 'inside');
        symlinkSync(file, join(share, 'other'));
      });
      const race = new native.HostRacer(join(share, 'file'), join(share, 'other'));
      const read = new Set<string>();
      for (let turn = 0; turn < turns; turn++) read.add(workWithFile(guest, 'file'));
      t.ok(race.stop() > turns, 'there was a race');
      t.notOk(
        [...read].some((text) => text.includes('secret')),
        'the secret was not read',
      );
      outside.check(t);
      stillServes(t, guest, 'the race');
    },
  );

  t.test(
    `a directory and a link that leads out change places, --sandbox=${sandbox}`,
    { skip },
    async (t) => {
      const { guest, share, outside } = await openRace(t, sandbox, (share, { path }) => {
        mkdirSync(join(share, 'directory'));
        writeFileSync(join(share, 'directory/file'), 'inside');
        symlinkSync(path, join(share, 'other'));
      });
      const race = new native.HostRacer(join(share, 'directory'), join(share, 'other'));
      const found = new Set<bigint>();
      const read = new Set<string>();
      for (let turn = 0; turn < turns; turn++) {
        const { status, payload } = guest.lookup(root, 'directory');
        if (status !== 'OK') continue;
        const node = payload.readBigUInt64LE(0);
        const child = guest.lookup(node, 'file');
        if (child.status === 'OK') {
          found.add(child.entry.attributes.ino);
          const open = guest.open(child.node, O_RDONLY);
          if (open.status === 'OK') {
            read.add(guest.read(child.node, open.handle, 0, 100).text);
            guest.release(child.node, open.handle);
          }
          guest.setattr(child.node, { mode: 0o644 });
        }
        const list = guest.opendir(node);
        if (list.status === 'OK') {
          const entries = guest.readdir(node, list.handle, 0, 4096, true);
          for (const { entry } of entries.directoryEntries(true)) {
            if (entry !== null) found.add(entry.attributes.ino);
          }
          guest.releasedir(node, list.handle);
        }
        guest.mkdir(node, 'made');
        guest.rmdir(node, 'made');
        const created = guest.create(node, 'created', O_RDWR | O_CREAT);
        if (created.status === 'OK') guest.release(created.node, created.handle);
        guest.rename(node, 'created', root, 'moved');
        guest.rename(root, 'moved', node, 'created');
        guest.unlink(node, 'created');
        guest.unlink(node, 'victim');
        guest.symlink(node, 'pointer', '/');
        guest.unlink(node, 'pointer');
        guest.mknod(node, 'node', S_IFREG | 0o644);
        guest.unlink(node, 'node');
        const nameless = guest.tmpfile(node, O_RDWR);
        if (nameless.status === 'OK') guest.release(nameless.node, nameless.handle);
        guest.setattr(node, { mode: 0o755 });
        guest.setattr(node, { mtime: 1 });
      }
      t.ok(race.stop() > turns, 'there was a race');
      t.notOk(
        outside.inodes.some((inode) => found.has(inode)),
        'nothing outside was found',
      );
      t.ok(found.size > 0, 'what is inside was');
      t.notOk(
        [...read].some((text) => text.includes('secret')),
        'the secret was not read',
      );
      outside.check(t);
      stillServes(t, guest, 'the race');
    },
  );

  for (const [kind, ...command] of [
    ['a FIFO', 'mkfifo'],
    ['a device', 'mknod', 'c', '1', '5'],
  ] as const) {
    // CVE-2020-35517, CVE-2023-2861
    t.test(`a file and ${kind} change places, --sandbox=${sandbox}`, { skip }, async (t) => {
      const { guest, share } = await openRace(t, sandbox, (share) => {
        writeFileSync(join(share, 'file'), 'inside');
        const [program, ...rest] = command;
        execFileSync(program, [join(share, 'other'), ...rest]);
      });
      const race = new native.HostRacer(join(share, 'file'), join(share, 'other'));
      let opened = 0;
      for (let turn = 0; turn < turns; turn++) {
        const found = guest.lookup(root, 'file');
        if (found.status !== 'OK') continue;
        const { node } = found;
        // Nobody waits for the other end of a FIFO: an answer that does not come is an error of the front-end.
        for (const flags of [O_RDONLY, O_RDWR, O_RDWR | O_TRUNC]) {
          const open = guest.open(node, flags);
          if (open.status !== 'OK') continue;
          opened += 1;
          const { mode } = guest.getattr(node, open.handle).attributes;
          if ((mode & S_IFMT) !== S_IFREG) t.fail('a special file was opened');
          guest.release(node, open.handle);
        }
        guest.setattr(node, { size: 6 });
        const created = guest.create(root, 'file', O_RDWR | O_CREAT);
        if (created.status === 'OK') guest.release(created.node, created.handle);
        guest.forget(node, 1);
      }
      t.ok(race.stop() > turns, 'there was a race');
      t.ok(opened > 0, 'the file could be opened');
      stillServes(t, guest, 'the race');
    });
  }
}
