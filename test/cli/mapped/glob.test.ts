// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { matchesGlob } from '../../../src/cli/mapped/glob.js';

const matches = (pattern: string, name: string | Buffer): boolean =>
  matchesGlob(pattern, Buffer.from(name));

t.test('a pattern is that of a shell', async (t) => {
  for (const [pattern, name] of [
    ['*', ''],
    ['*.c', 'a.c'],
    ['a*b*c', 'axxbyybzc'],
    ['?', 'ö'],
    ['[a-c]x', 'bx'],
    ['[!a-c]x', 'dx'],
    ['[]]', ']'],
    ['[', '['],
    ['\\*', '*'],
    ['*', '.hidden'],
    ['[x-]', '-'],
  ] as const) {
    t.ok(matches(pattern, name), `${pattern} ${name}`);
  }
  for (const [pattern, name] of [
    ['*.c', 'a.cc'],
    ['?', 'ab'],
    ['[a-c]', 'd'],
    ['[!a-c]', 'a'],
    ['\\*', 'a'],
    ['', 'a'],
    ['a', ''],
  ] as const) {
    t.notOk(matches(pattern, name), `${pattern} ${name}`);
  }
});

t.test('names that are not UTF-8 match byte by byte', async (t) => {
  t.ok(matches('a?b', Buffer.from([0x61, 0xff, 0x62])));
  t.notOk(matches('a?b', Buffer.from([0x61, 0xff, 0xfe, 0x62])));
});

t.test('a pattern of many stars takes no time', async (t) => {
  t.notOk(matches(`${'*a'.repeat(100)}b`, 'a'.repeat(255)));
});
