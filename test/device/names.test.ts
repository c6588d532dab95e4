// SPDX-License-Identifier: Apache-2.0

import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from './guest.js';
import { openScene } from './scene.js';

const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFREG = 0o100000;
const S_IFSOCK = 0o140000;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

const { guest, machine, share } = await openScene(t);
const host = (name: string) => join(share, name);
const someone = { uid: 1234, gid: 4321 };

t.test('LOOKUP finds a file and what it is', async (t) => {
  writeFileSync(host('file'), 'twelve bytes', { mode: 0o640 });
  const { node, attributes } = guest.lookup(root, 'file').entry;
  t.ok(node > root);
  t.equal(attributes.size, 12n);
  t.equal(attributes.mode, S_IFREG | 0o640);
  t.equal(attributes.ino, BigInt(lstatSync(host('file')).ino));
  t.equal(guest.lookup(root, 'file').node, node, 'the same file has the same node');
  linkSync(host('file'), host('other name'));
  t.equal(guest.lookup(root, 'other name').node, node, 'under each of its names');
  t.equal(guest.lookup(root, 'missing').status, 'ENOENT');
  t.equal(guest.lookup(node, 'x').status, 'ENOTDIR', 'in a file');
});

t.test('names may have 255 bytes of any kind', async (t) => {
  const longest = 'n'.repeat(255);
  t.equal(guest.mkdir(root, longest).status, 'OK');
  t.ok(existsSync(host(longest)));
  const notUtf8 = Buffer.from([0xff, 0xfe, 0x80, 0x0a, 0x20]);
  t.equal(guest.mkdir(root, notUtf8).status, 'OK');
  t.equal(guest.lookup(root, notUtf8).status, 'OK');
});

t.test('MKDIR makes a directory that belongs to the caller', async (t) => {
  const { attributes } = guest.mkdir(root, 'directory', 0o2750, someone).entry;
  const stat = lstatSync(host('directory'));
  t.ok(stat.isDirectory());
  t.equal(stat.mode & 0o777, 0o750, 'the umask is the guest’s business');
  t.strictSame([stat.uid, stat.gid], [1234, 4321]);
  t.strictSame([attributes.uid, attributes.gid], [1234, 4321]);
  t.equal(guest.mkdir(root, 'directory').status, 'EEXIST');
});

t.test('MKNOD makes files, FIFOs, sockets and device nodes', async (t) => {
  const made: [string, number, number][] = [
    ['regular', S_IFREG | 0o604, 0],
    ['fifo', S_IFIFO | 0o600, 0],
    ['socket', S_IFSOCK | 0o666, 0],
    ['null', S_IFCHR | 0o622, (1 << 8) | 3],
  ];
  for (const [name, mode, device] of made) {
    // Only root may make device nodes, in the guest as on the host.
    const caller = device === 0 ? someone : { uid: 0, gid: 0 };
    const { attributes } = guest.mknod(root, name, mode, device, caller).entry;
    const stat = lstatSync(host(name));
    t.equal(stat.mode, mode, name);
    t.equal(stat.uid, caller.uid);
    t.equal(attributes.rdev, device);
    t.equal(stat.rdev, device);
  }
  t.equal(guest.mknod(root, 'fifo', S_IFIFO | 0o600).status, 'EEXIST');
  t.equal(guest.mknod(root, 'directory by mknod', 0o040755).status, 'EPERM');
});

t.test('SYMLINK and READLINK carry any target, and follow none', async (t) => {
  for (const target of ['/etc/passwd', '../../..', 'x'.repeat(4095), 'file']) {
    const { node, attributes } = guest.symlink(root, 'link', target, someone).entry;
    t.equal(readlinkSync(host('link')), target);
    t.equal(attributes.mode & 0o170000, 0o120000);
    t.equal(lstatSync(host('link')).uid, 1234);
    t.equal(guest.readlink(node).text, target);
    t.equal(guest.lookup(node, 'passwd').status, 'ENOTDIR');
    t.match(guest.open(node, 0).status, /ELOOP|EINVAL/);
    t.equal(guest.unlink(root, 'link').status, 'OK');
  }
  t.equal(guest.symlink(root, 'link', 'x'.repeat(4096)).status, 'ENAMETOOLONG');
  t.equal(guest.readlink(root).status, 'EINVAL', 'of a directory');
  symlinkSync('/etc/passwd', host('by the host'));
  t.equal(guest.lookup(root, 'by the host').entry.attributes.mode & 0o170000, 0o120000);
});

t.test('LINK gives a file another name', async (t) => {
  writeFileSync(host('linked'), 'content');
  const { node } = guest.lookup(root, 'linked');
  const directory = guest.mkdir(root, 'for links').node;
  const { node: again, attributes } = guest.link(node, directory, 'second').entry;
  t.equal(again, node);
  t.equal(attributes.nlink, 2);
  t.equal(lstatSync(host('linked')).nlink, 2);
  t.equal(readFileSync(host('for links/second'), 'utf8'), 'content');
  t.equal(guest.link(node, root, 'linked').status, 'EEXIST');
  t.equal(guest.link(directory, root, 'of a directory').status, 'EPERM');
  const symlink = guest.symlink(root, 'to be linked', 'nowhere').node;
  t.equal(guest.link(symlink, root, 'a link itself').status, 'OK', 'also a symbolic link');
  t.equal(readlinkSync(host('a link itself')), 'nowhere');
});

t.test('UNLINK and RMDIR remove names and nothing else', async (t) => {
  writeFileSync(host('short-lived'), '');
  mkdirSync(host('full/inside'), { recursive: true });
  t.equal(guest.rmdir(root, 'short-lived').status, 'ENOTDIR');
  t.equal(guest.unlink(root, 'full').status, 'EISDIR');
  t.equal(guest.rmdir(root, 'full').status, 'ENOTEMPTY');
  t.equal(guest.unlink(root, 'short-lived').status, 'OK');
  t.equal(guest.unlink(root, 'short-lived').status, 'ENOENT');
  t.equal(guest.rmdir(guest.lookup(root, 'full').node, 'inside').status, 'OK');
  t.equal(guest.rmdir(root, 'full').status, 'OK');
  t.notOk(existsSync(host('full')));
  t.notOk(existsSync(host('short-lived')));
});

t.test('RENAME moves a name, and takes the place of another', async (t) => {
  writeFileSync(host('from'), 'from');
  writeFileSync(host('to'), 'to');
  mkdirSync(host('place'));
  const place = guest.lookup(root, 'place').node;
  t.equal(guest.rename(root, 'from', place, 'moved').status, 'OK');
  t.equal(readFileSync(host('place/moved'), 'utf8'), 'from');
  t.equal(guest.rename(place, 'moved', root, 'to').status, 'OK');
  t.equal(readFileSync(host('to'), 'utf8'), 'from');
  t.equal(guest.rename(root, 'missing', root, 'x').status, 'ENOENT');
  t.equal(guest.rename(root, 'to', root, 'place').status, 'EISDIR');
  t.equal(guest.rename(root, 'place', place, 'into itself').status, 'EINVAL');
});

t.test('RENAME2 knows NOREPLACE and EXCHANGE, and refuses what it does not know', async (t) => {
  writeFileSync(host('one'), '1');
  writeFileSync(host('two'), '2');
  t.equal(guest.rename2(root, 'one', root, 'two', RENAME_NOREPLACE).status, 'EEXIST');
  t.equal(guest.rename2(root, 'one', root, 'two', RENAME_EXCHANGE).status, 'OK');
  t.equal(readFileSync(host('one'), 'utf8'), '2');
  t.equal(readFileSync(host('two'), 'utf8'), '1');
  t.equal(guest.rename2(root, 'one', root, 'two', 0x80).status, 'EINVAL');
  t.equal(guest.rename2(root, 'one', root, 'three', RENAME_NOREPLACE).status, 'OK');
});

t.test('a node lasts as long as the guest remembers it, and no longer', async (t) => {
  writeFileSync(host('remembered'), '');
  const { node } = guest.lookup(root, 'remembered');
  guest.lookup(root, 'remembered');
  guest.forget(node, 1);
  t.equal(guest.getattr(node).status, 'OK', 'one of two lookups is left');
  t.equal(guest.unlink(root, 'remembered').status, 'OK');
  t.equal(guest.getattr(node).attributes.nlink, 0, 'also without a name');
  guest.forget(node, 1);
  t.equal(guest.getattr(node).status, 'ESTALE');
  guest.forget(node, 1);
  t.equal(guest.getattr(node).status, 'ESTALE', 'to forget twice is harmless');
});

t.test('BATCH_FORGET forgets many, and as much as there is', async (t) => {
  const nodes = ['b1', 'b2', 'b3'].map((name) => guest.mkdir(root, name).node);
  const [first = 0n, second = 0n, third = 0n] = nodes;
  guest.batchForget([
    [first, 1],
    [second, 0xffff_ffff_ffff_ffffn],
    [0xdeadn << 32n, 1],
    [root, 0xffff_ffff_ffff_ffffn],
  ]);
  t.equal(guest.getattr(first).status, 'ESTALE');
  t.equal(guest.getattr(second).status, 'ESTALE');
  t.equal(guest.getattr(third).status, 'OK');
  t.equal(guest.getattr(root).status, 'OK', 'the root is never forgotten');
  guest.batchForget([[third, 1]], 0xffffffff);
  t.equal(guest.getattr(third).status, 'ESTALE', 'a count beyond the list ends with the list');
  guest.forget(root, 0xffff_ffff_ffff_ffffn);
  t.equal(guest.lookup(root, 'b1').status, 'OK');
});

t.test('FORGET works on the high-priority queue', async (t) => {
  writeFileSync(host('by hiprio'), '');
  const { node } = guest.lookup(root, 'by hiprio');
  machine.hiprio.forget(node, 1);
  t.equal(guest.getattr(node).status, 'ESTALE');
});
