// SPDX-License-Identifier: Apache-2.0
import t from 'tap';

import { runGuestChecks } from './guest-checks.js';
import { withGuest } from './whole-suite.js';

await withGuest(t, { cache: 'auto', options: ['--posix-acl=always'] }, async ({ guest, cache }) => {
  await runGuestChecks(t, guest, { cache, directory: 'lists', only: 'access list', skips: false });
});
