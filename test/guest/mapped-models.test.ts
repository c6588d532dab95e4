// SPDX-License-Identifier: Apache-2.0
//
// The guest's root on a share of an ordinary user: with a mapped model it can do all that root can do.

import t from 'tap';

import { runGuestChecks } from './guest-checks.js';
import { withGuest } from './whole-suite.js';

// Lists are the host's own in mapped-file, and there no ordinary user has the guest's users in one.
const models = {
  'mapped-xattr': ['--posix-acl=always'],
  'mapped-file': [],
};

for (const [model, further] of Object.entries(models)) {
  await t.test(model, async (t) => {
    const options = [`--security-model=${model}`, ...further];
    const place = { cache: 'auto', asOrdinaryUser: true, options } as const;
    await withGuest(t, place, async ({ guest, cache }) => {
      await runGuestChecks(t, guest, { cache, directory: 'checks' });
    });
  });
}
