// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { metadataOfAttributes, storedField } from '../../src/mapped/attribute-format.js';
import { guestDevice, majorOf, makeDevice, minorOf } from '../../src/mapped/device-number.js';
import { fileTypeOf, modeText } from '../../src/mapped/file-mode.js';
import { noMetadata } from '../../src/mapped/metadata.js';
import { oddLines, parseMetadata, printMetadata } from '../../src/mapped/metadata-file-format.js';
import { aclText } from '../../src/mapped/posix-acl.js';
import { shownName } from '../../src/mapped/shown-name.js';

const parse = (text: string): ReturnType<typeof parseMetadata> =>
  parseMetadata(Buffer.from(text, 'latin1'));

t.test('a file of metadata is written as QEMU writes it, in decimal and in order', async (t) => {
  const metadata = { uid: 1000, gid: 7, mode: 0o20620, rdev: 0x103n };
  const text = 'virtfs.uid=1000\nvirtfs.gid=7\nvirtfs.mode=8592\nvirtfs.rdev=259\n';
  t.equal(printMetadata(metadata).toString(), text);
  t.same(parse(text), metadata);
});

t.test('what is not kept has no line, and is read as nothing', async (t) => {
  t.equal(printMetadata({ ...noMetadata, gid: 0 }).toString(), 'virtfs.gid=0\n');
  t.same(parse('virtfs.gid=0\n'), { ...noMetadata, gid: 0 });
  t.same(parse(''), noMetadata);
});

t.test('numbers of 2^31 and more go through an int and come back', async (t) => {
  const metadata = { uid: 4_000_000_000, gid: 2 ** 31, mode: 0o100644, rdev: 0xfff00fffn };
  t.equal(
    printMetadata(metadata).toString(),
    'virtfs.uid=-294967296\nvirtfs.gid=-2147483648\nvirtfs.mode=33188\nvirtfs.rdev=-1044481\n',
  );
  t.same(parse(printMetadata(metadata).toString()), metadata);
});

for (const [value, read] of [
  ['12abc', 12],
  ['  \t42', 42],
  ['+5', 5],
  ['-1', 0xffff_ffff],
  ['abc', 0],
  ['', 0],
  ['0x10', 0],
  ['4294967296', 0],
  ['4294967301', 5],
  ['9223372036854775807', 0xffff_ffff],
  ['99999999999999999999999', 0xffff_ffff],
  ['-99999999999999999999999', 0],
  ['- 5', 0],
] as const) {
  t.test(`the value ${JSON.stringify(value)} is read as atoi does: ${read}`, async (t) => {
    t.equal(parse(`virtfs.uid=${value}\n`).uid, read);
  });
}

t.test('unknown lines do not count, the last of a kind does, an end is not needed', async (t) => {
  t.same(parse('hello\nvirtfs.uid=1\n\nvirtfs.other=5\nvirtfs.uid=2'), { ...noMetadata, uid: 2 });
  t.same(parse('virtfs.uid:3\n'), { ...noMetadata, uid: 3 }, 'one character is skipped');
  t.same(parse('virtfs.uid\n'), { ...noMetadata, uid: 0 });
  t.same(parse(' virtfs.uid=4\n'), noMetadata);
  t.same(parse('virtfs.uid=5\0 6\nvirtfs.gid=\x007\n'), { ...noMetadata, uid: 5, gid: 0 });
});

t.test('a line of more than 99 characters goes on as a line of its own', async (t) => {
  const padded = (length: number): string => `${'x'.repeat(length)}virtfs.uid=8\n`;
  t.equal(parse(padded(98)).uid, null);
  t.equal(parse(padded(99)).uid, 8);
  t.equal(parse(padded(100)).uid, null);
  t.equal(parse(`virtfs.uid=${'0'.repeat(87)}12\n`).uid, 1, 'a number is cut off there');
});

t.test('what QEMU would not have written is named', async (t) => {
  t.same(oddLines(Buffer.from('virtfs.uid=1\nvirtfs.rdev=-5\n')), []);
  t.same(oddLines(Buffer.from('virtfs.uid=1\nvirtfs.uid=2\nx\nvirtfs.gid=z\nvirtfs.mode=1')), [
    'the last line has no end',
    'virtfs.uid twice',
    'an unknown line "x"',
    'no number in "virtfs.gid=z"',
  ]);
});

t.test('attributes are little endian and of fixed sizes', async (t) => {
  t.equal(storedField('uid', 0x01020304).toString('hex'), '04030201');
  t.equal(storedField('rdev', 0x103n).toString('hex'), '0301000000000000');
  t.same(
    metadataOfAttributes({
      uid: storedField('uid', 4_000_000_000),
      rdev: storedField('rdev', 2n ** 63n),
    }),
    { ...noMetadata, uid: 4_000_000_000, rdev: 2n ** 63n },
  );
});

t.test('short attributes are read, empty and long ones are not', async (t) => {
  t.equal(metadataOfAttributes({ uid: Buffer.from([5]) }).uid, 5);
  t.equal(metadataOfAttributes({ mode: Buffer.from([0, 1]) }).mode, 256);
  t.equal(metadataOfAttributes({ uid: Buffer.alloc(0) }).uid, null);
  t.equal(metadataOfAttributes({ uid: Buffer.alloc(5) }).uid, null);
  t.equal(metadataOfAttributes({ rdev: Buffer.alloc(9) }).rdev, null);
});

t.test('device numbers are taken apart and made as Linux does', async (t) => {
  for (const [major, minor, device] of [
    [1, 3, 0x103n],
    [259, 70000, 0x11110370n],
    [0xfff, 0xfffff, 0xffffffffn],
  ] as const) {
    t.equal(makeDevice(major, minor), device);
    t.same([majorOf(device), minorOf(device)], [major, minor]);
  }
  t.equal(guestDevice(0xffff_ffff_0000_0103n), 0x103n);
});

t.test('modes are written as ls writes them', async (t) => {
  t.equal(modeText(0o104755), '-rwsr-xr-x');
  t.equal(modeText(0o106644), '-rwSr-Sr--');
  t.equal(modeText(0o41777), 'drwxrwxrwt');
  t.equal(modeText(0o41770), 'drwxrwx--T');
  t.equal(modeText(0o60660), 'brw-rw----');
  t.equal(modeText(0o644), '?rw-r--r--');
  t.equal(fileTypeOf(0o30000), null);
});

t.test(
  'an access control list is written with numbers, and a malformed one not at all',
  async (t) => {
    const value = Buffer.from('0200000001000600ffffffff02000700e803000020000400ffffffff', 'hex');
    t.equal(aclText(value), 'user::rw-,user:1000:rwx,other::r--');
    t.equal(aclText(value.subarray(0, 11)), null);
    t.equal(aclText(Buffer.from('01000000', 'hex')), null);
    t.equal(aclText(Buffer.from('0200000003000600ffffffff', 'hex')), null);
  },
);

t.test('what a terminal would obey is escaped in names', async (t) => {
  t.equal(shownName(Buffer.from('a b\\\n\x1b[31m\x9b')), 'a\\ b\\\\\\n\\033[31m\\302\\233');
  t.equal(shownName(Buffer.from([0x66, 0xff, 0xc3, 0x28])), 'f\\377\\303(');
  t.equal(shownName(Buffer.from('größe 中\u202egpj')), 'größe\\ 中\\342\\200\\256gpj');
  t.equal(shownName(Buffer.from([0xe4, 0xb8])), '\\344\\270', 'cut off');
});
