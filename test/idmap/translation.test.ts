// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { parseTranslations } from '../../src/idmap/translation.js';
import type { IdTranslation } from '../../src/native/types.js';

t.test('all types', async (t) => {
  const cases: [string, IdTranslation[]][] = [
    [
      'guest:0:1000:10',
      [{ direction: 'to-host', action: 'map', base: 0, target: 1000, count: 10 }],
    ],
    [
      'host:1000:0:10',
      [{ direction: 'to-guest', action: 'map', base: 1000, target: 0, count: 10 }],
    ],
    [
      'squash-guest:0:1001:4294967295',
      [{ direction: 'to-host', action: 'squash', base: 0, target: 1001, count: 4294967295 }],
    ],
    [
      'squash-host:5:4294967294:7',
      [{ direction: 'to-guest', action: 'squash', base: 5, target: 4294967294, count: 7 }],
    ],
    [
      'forbid-guest:100:200',
      [{ direction: 'to-host', action: 'forbid', base: 100, target: 0, count: 200 }],
    ],
    [
      'map:0:100000:65536',
      [
        { direction: 'to-host', action: 'map', base: 0, target: 100_000, count: 65_536 },
        { direction: 'to-guest', action: 'map', base: 100_000, target: 0, count: 65_536 },
      ],
    ],
  ];
  for (const [text, rules] of cases) t.same(parseTranslations('translate-uid', [text]), rules);
  t.same(parseTranslations('translate-uid', []), []);
});

t.test('several, as long as an id finds one rule for each direction', async (t) => {
  const texts = ['guest:0:100:10', 'host:5:1:10', 'forbid-guest:10:1', 'squash-guest:11:7:100'];
  const rules = parseTranslations('translate-gid', texts);
  t.same(
    rules.map(({ action }) => action),
    ['map', 'map', 'forbid', 'squash'],
  );
});

t.test('what is wrong, and where', async (t) => {
  const cases: [RegExp, ...string[]][] = [
    [/^--translate-uid=: the type "" is not one of guest, host, squash-guest/, ''],
    [/^--translate-uid=foo:0:1:1: the type "foo"/, 'foo:0:1:1'],
    [/the type "toString"/, 'toString:0:1:1'],
    [/the type "Guest"/, 'Guest:0:1:1'],
    [
      /guest is followed by 3 numbers \(base in the guest, id in the host, count\), and not by 2/,
      'guest:0:1',
    ],
    [/and not by 4/, 'guest:0:1:1:'],
    [/forbid-guest is followed by 2 numbers .* and not by 3/, 'forbid-guest:0:1:1'],
    [/the base in the guest "0x10" is not a whole number/, 'guest:0x10:1:2'],
    [/the id in the guest "x" is not/, 'host:1:x:2'],
    [/the count "4294967296" is not/, 'squash-guest:0:1001:4294967296'],
    [/the count is 0/, 'guest:0:1:0'],
    [/the count is 0/, 'forbid-guest:0:0'],
    [/beyond 4294967294/, 'guest:4294967295:1:1'],
    [/beyond 4294967294/, 'guest:4294967290:1:6'],
    [/beyond 4294967294/, 'guest:1:4294967290:6'],
    [/beyond 4294967294/, 'squash-host:1:4294967295:1'],
    [/beyond 4294967294/, 'forbid-guest:4294967290:6'],
    [
      /=guest:0:1:2 and --translate-uid=guest:1:100:2 overlap: .* of the guest from 1 on/,
      ...['guest:0:1:2', 'guest:1:100:2'],
    ],
    [/overlap: both are for ids of the guest from 5 on/, 'guest:0:100:10', 'squash-guest:5:1:10'],
    [/overlap: both are for ids of the host from 100 on/, 'map:0:100:10', 'squash-host:50:1:100'],
    [/overlap/, 'map:0:100:10', 'forbid-guest:9:1'],
  ];
  for (const [message, ...texts] of cases) {
    t.throws(
      () => parseTranslations('translate-uid', texts),
      { code: 'VFSD_CONFIG_USAGE', message },
      texts.join(' '),
    );
  }
});
