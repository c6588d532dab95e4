// SPDX-License-Identifier: Apache-2.0

import launcher from '../../seccomp/launcher.policy';
import mainThread from '../../seccomp/main-thread.policy';
import process from '../../seccomp/process.policy';
import start from '../../seccomp/start.policy';
import type { PolicyTexts } from './programs.js';

/** The policies of this build. Only the bundle has them; other code takes PolicyTexts as a parameter. */
export const policies: PolicyTexts = Object.freeze({ start, launcher, process, mainThread });
