// SPDX-License-Identifier: Apache-2.0
//
// The guest's root on a share of an ordinary user: with a mapped model it can do all that root can do.

import t from 'tap';

import { runGuestChecks } from './guest-checks.js';
import { withGuest } from './whole-suite.js';

for (const model of ['mapped-xattr', 'mapped-file']) {
  await t.test(model, async (t) => {
    const options = [`--security-model=${model}`];
    const place = { cache: 'auto', asOrdinaryUser: true, options } as const;
    await withGuest(t, place, async ({ guest, cache }) => {
      await runGuestChecks(t, guest, { cache, directory: 'checks' });
    });
  });
}
