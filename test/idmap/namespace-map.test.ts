// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { parseNamespaceMap } from '../../src/idmap/namespace-map.js';

t.test('ranges', async (t) => {
  t.same(parseNamespaceMap('uid-map', []), []);
  t.same(parseNamespaceMap('uid-map', [':0:100000:65536:']), [
    { inside: 0, host: 100_000, count: 65_536 },
  ]);
  t.same(
    parseNamespaceMap('gid-map', ['/1/100000/65536/', '-0-1000-1-']),
    [
      { inside: 1, host: 100_000, count: 65_536 },
      { inside: 0, host: 1000, count: 1 },
    ],
    'any separator, and ranges that border on each other',
  );
  t.same(parseNamespaceMap('uid-map', [':0:0:4294967295:']), [
    { inside: 0, host: 0, count: 0xffff_ffff },
  ]);
});

t.test('what is wrong, and where', async (t) => {
  const cases: [RegExp, ...string[]][] = [
    [/^--uid-map=: a range begins with its separator/, ''],
    [/^--uid-map=0:1:2: a range begins with its separator/, '0:1:2'],
    [/^--uid-map=:0:100000:65536: a range that begins with ":" also ends/, ':0:100000:65536'],
    [/^--uid-map=:0:1:2\/: a range that begins with ":" also ends/, ':0:1:2/'],
    [/^--uid-map=:: a range that begins/, ':'],
    [/has 3 numbers, INSIDE, HOST and COUNT, and not 2/, ':0:1:'],
    [/and not 4/, ':0:1:2:3:'],
    [/the id inside "x" is not a whole number below 2\^32/, ':x:1:2:'],
    [/the id of the host "" is not a whole/, ':0::2:'],
    [/the count "0x10" is not a whole/, ':0:1:0x10:'],
    [/the id inside "-1" is not a whole/, ':-1:1:1:'],
    [/the id of the host " 1" is not a whole/, ':0: 1:1:'],
    [/the count "4294967296" is not a whole/, ':0:1:4294967296:'],
    [/the count is 0/, ':0:1:0:'],
    [/the ids inside go beyond 4294967294/, ':4294967295:1:1:'],
    [/the ids inside go beyond/, ':4294967290:1:6:'],
    [/the ids of the host go beyond/, ':0:4294967290:6:'],
    [/map 0$/, ':1:1000:1:'],
    [/=:0:1:2: and --uid-map=:1:5:2: overlap in the namespace/, ':0:1:2:', ':1:5:2:'],
    [/=:0:10:5: and --uid-map=:5:14:1: overlap on the host/, ':0:10:5:', ':5:14:1:'],
    [
      /=:1:20:5: and --uid-map=:3:30:1: overlap in/,
      ...[':0:10:1:', ':1:20:5:', ':10:40:1:', ':3:30:1:'],
    ],
  ];
  for (const [message, ...texts] of cases) {
    t.throws(
      () => parseNamespaceMap('uid-map', texts),
      { code: 'VFSD_CONFIG_USAGE', message },
      texts.join(' '),
    );
  }
  const many = Array.from({ length: 341 }, (_, index) => `:${index}:${index}:1:`);
  t.throws(() => parseNamespaceMap('gid-map', many), { message: /--gid-map is given 341 times/ });
  t.equal(parseNamespaceMap('gid-map', many.slice(0, 340)).length, 340);
});
