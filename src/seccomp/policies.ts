// SPDX-License-Identifier: Apache-2.0

import dataThreads from '../../seccomp/data-threads.policy';
import launcher from '../../seccomp/launcher.policy';
import lockThreads from '../../seccomp/lock-threads.policy';
import mainThread from '../../seccomp/main-thread.policy';
import nodeThreads from '../../seccomp/node-threads.policy';
import proxyHelper from '../../seccomp/proxy-helper.policy';
import start from '../../seccomp/start.policy';
import type { PolicyTexts } from './programs.js';

/** The policies of this build. Only the bundle has them; other code takes PolicyTexts as a parameter. */
export const policies: PolicyTexts = Object.freeze({
  start,
  launcher,
  nodeThreads,
  dataThreads,
  lockThreads,
  mainThread,
  proxyHelper,
});
