// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { policyFiles, type PolicyTexts } from '../../src/seccomp/programs.js';

function read(name: keyof PolicyTexts): string {
  return readFileSync(new URL(`../../${policyFiles[name]}`, import.meta.url), 'utf8');
}

/** The policies of this tree, which the bundle has inside. */
export const policyTexts: PolicyTexts = {
  start: read('start'),
  launcher: read('launcher'),
  nodeThreads: read('nodeThreads'),
  dataThreads: read('dataThreads'),
  lockThreads: read('lockThreads'),
  mainThread: read('mainThread'),
  proxyHelper: read('proxyHelper'),
};
