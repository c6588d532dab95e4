// SPDX-License-Identifier: Apache-2.0
import t from 'tap';

import { expectLikeLocal } from './like-local.js';

await expectLikeLocal(t, {
  inFull: 'auto',
  shares: {
    auto: { cache: 'auto' },
    never: { cache: 'never' },
    guestclears: { cache: 'auto', options: ['--no-killpriv-v2'] },
    writeback: { cache: 'auto', options: ['--writeback'] },
  },
});
