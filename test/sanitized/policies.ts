// SPDX-License-Identifier: Apache-2.0

/** In the place of src/seccomp/policies.ts: the allow lists have what a sanitizer's library calls, too. */

import launcher from '../../seccomp/launcher.policy';
import mainThread from '../../seccomp/main-thread.policy';
import process from '../../seccomp/process.policy';
import start from '../../seccomp/start.policy';
import type { PolicyTexts } from '../../src/seccomp/programs.js';
import sanitizer from './sanitizer.policy';

export const policies: PolicyTexts = Object.freeze({
  start,
  launcher: `${launcher}\n${sanitizer}`,
  process: `${process}\n${sanitizer}`,
  mainThread,
});
