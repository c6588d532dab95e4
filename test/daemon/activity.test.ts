// SPDX-License-Identifier: Apache-2.0

import { mock } from 'node:test';
import t from 'tap';
import { Activity } from '../../src/daemon/activity.js';

t.beforeEach(() => {
  mock.timers.enable({ apis: ['setInterval'] });
});
t.afterEach(() => {
  mock.timers.reset();
});

t.test('a rate is told every ten seconds, while a front-end is connected', async (t) => {
  const told: [string, number][] = [];
  let requests = 100;
  const activity = new Activity({
    requests: () => requests,
    report: (state, rate) => told.push([state, rate]),
  });
  activity.changed('waiting');
  mock.timers.tick(60_000);
  activity.changed('connected');
  requests += 1000;
  mock.timers.tick(10_000);
  activity.changed('waiting');
  mock.timers.tick(60_000);
  t.same(told, [
    ['waiting', 0],
    ['connected', 0],
    ['connected', 100],
    ['waiting', 0],
  ]);
});

t.test('where nobody listens nothing is counted', async (t) => {
  let looks = 0;
  const activity = new Activity({ requests: () => (looks += 1), report: null });
  activity.changed('connected');
  mock.timers.tick(60_000);
  t.equal(looks, 0);
});
