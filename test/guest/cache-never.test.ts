// SPDX-License-Identifier: Apache-2.0
import t from 'tap';

import { runWholeSuite } from './whole-suite.js';

await runWholeSuite(t, { cache: 'never' });
