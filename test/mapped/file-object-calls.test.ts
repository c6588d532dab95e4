// SPDX-License-Identifier: Apache-2.0

/** What the addon adds to Node.js for objects of others. */

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Fd } from '../../src/native/types.js';
import {
  attribute,
  attributeNames,
  fileObjects,
  makeNode,
  onObject,
  scratchDirectory,
  setAttribute,
  setTimes,
} from './real-tree.js';

t.test('attributes of any length come back as they were', async (t) => {
  const path = join(scratchDirectory(t), 'x');
  writeFileSync(path, '');
  t.equal(attribute(path, 'user.none'), null);
  for (const size of [0, 1, 256, 257, 2000]) {
    setAttribute(path, 'user.a', Buffer.alloc(size, 7));
    t.same(attribute(path, 'user.a'), Buffer.alloc(size, 7), `${size} bytes`);
  }
  const names = Array.from({ length: 60 }, (_, index) => `user.${'n'.repeat(20)}${index}`);
  onObject(path, (fd) => fileObjects.removeAttribute(fd, Buffer.from('user.a')));
  for (const name of names) setAttribute(path, name, Buffer.alloc(0));
  t.same(attributeNames(path), [...names].sort(), 'more names than fit at first');
});

t.test('a link is not followed, and its target is read', async (t) => {
  const directory = scratchDirectory(t);
  const link = join(directory, 'link');
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('file', link);
  setTimes(link, -1n, -1_000_000_001n);
  const { atimeNs, mtimeNs } = lstatSync(link, { bigint: true });
  t.same([atimeNs, mtimeNs], [-1n, -1_000_000_001n]);
  t.same(
    onObject(link, (fd) => fileObjects.readLink(fd)),
    Buffer.from('file'),
  );
  t.match(
    onObject(link, (fd) => fileObjects.setAttribute(fd, Buffer.from('user.a'), Buffer.alloc(1))),
    {
      code: 'EPERM',
      syscall: 'setxattr',
    },
  );
});

t.test('holes are found, and names are listed as bytes', async (t) => {
  const directory = scratchDirectory(t);
  const path = join(directory, 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 1 << 20);
  const fd = openSync(path, 'r+') as Fd;
  t.equal(fileObjects.findData(fd, 0n), null);
  writeFileSync(fd, 'x');
  t.match(fileObjects.findData(fd, 0n), { start: 0n });
  t.equal(fileObjects.findData(fd, 1n << 19n), null);
  closeSync(fd);
  const odd = Buffer.from([0xff, 0x0a]);
  mkdirSync(Buffer.concat([Buffer.from(`${directory}/`), odd]));
  makeNode(join(directory, 'fifo'), 0o10600, 0n);
  const opened = openSync(directory, 'r') as Fd;
  for (let time = 0; time < 2; time++) {
    const names = fileObjects.listNames(opened);
    t.ok(Array.isArray(names));
    t.same(
      'errno' in names ? [] : names.map((name) => Buffer.from(name).toString('hex')).sort(),
      ['sparse', 'fifo']
        .map((name) => Buffer.from(name).toString('hex'))
        .concat('ff0a')
        .sort(),
      'each time from the start',
    );
  }
  closeSync(opened);
});

t.test('a failure is data', async (t) => {
  const wrong = 1_000_000 as Fd;
  t.match(fileObjects.listNames(wrong), { code: 'EBADF', syscall: 'fcntl' });
  t.match(fileObjects.readLink(wrong), { code: 'EBADF', syscall: 'readlinkat' });
  t.match(fileObjects.setTimes(wrong, 0n, 0n), { code: 'ENOENT', syscall: 'utimensat' });
  t.match(fileObjects.makeNode(wrong, Buffer.from('x'), 0o10600, 0n), { code: 'EBADF' });
});
