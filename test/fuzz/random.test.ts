// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Random } from '../../fuzz/random.js';

t.test('a seed gives the same numbers today and later', async (t) => {
  // What was found with a seed is lost when these change.
  const random = new Random(1);
  t.same([random.u32(), random.u32(), random.u32()], [393288148, 2174103013, 3814759091]);
  t.equal(new Random(0).u32(), 1789933344);
  t.equal(new Random(0xffff_ffff).u32(), 4104197751);
});

t.test('numbers stay within their limits and reach them', async (t) => {
  const random = new Random(7);
  const seen = new Set(Array.from({ length: 200 }, () => random.between(3, 6)));
  t.same([...seen].sort(), [3, 4, 5, 6]);
  const edges = Array.from({ length: 2000 }, () => random.edgyU64());
  t.ok(edges.every((edge) => edge >= 0n && edge < 1n << 64n));
  t.ok(edges.includes((1n << 64n) - 1n) && edges.includes(0n));
  t.equal(random.bytes(7).length, 7);
});

t.test('weights decide how often something is picked', async (t) => {
  const random = new Random(3);
  const picked = Array.from({ length: 1000 }, () =>
    random.weighted([
      [9, 'often'],
      [1, 'seldom'],
      [0, 'never'],
    ]),
  );
  const seldom = picked.filter((item) => item === 'seldom').length;
  t.ok(seldom > 50 && seldom < 200, `${seldom} of 1000`);
  t.notOk(picked.includes('never'));
});

t.test('a fork takes one number, however many it gives', async (t) => {
  const one = new Random(5);
  const other = new Random(5);
  const fork = one.fork();
  for (let i = 0; i < 10; i++) fork.u32();
  other.fork();
  t.equal(one.u32(), other.u32());
});
