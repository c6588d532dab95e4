// SPDX-License-Identifier: Apache-2.0

/** In the place of src/seccomp/policies.ts: the allow lists have what a sanitizer's library calls, too. */

import dataThreads from '../../seccomp/data-threads.policy';
import launcher from '../../seccomp/launcher.policy';
import lockThreads from '../../seccomp/lock-threads.policy';
import mainThread from '../../seccomp/main-thread.policy';
import nodeThreads from '../../seccomp/node-threads.policy';
import proxyHelper from '../../seccomp/proxy-helper.policy';
import start from '../../seccomp/start.policy';
import type { PolicyTexts } from '../../src/seccomp/programs.js';
import sanitizer from './sanitizer.policy';

export const policies: PolicyTexts = Object.freeze({
  start,
  launcher: `${launcher}\n${sanitizer}`,
  nodeThreads: `${nodeThreads}\n${sanitizer}`,
  dataThreads: `${dataThreads}\n${sanitizer}`,
  lockThreads: `${lockThreads}\n${sanitizer}`,
  mainThread,
  proxyHelper: `${proxyHelper}\n${sanitizer}`,
});
