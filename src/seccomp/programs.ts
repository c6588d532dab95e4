// SPDX-License-Identifier: Apache-2.0

import type { SeccompMode } from '../config/modes.js';
import type { SeccompAction, SeccompProgram } from '../native/types.js';
import { parsePolicy } from './parse-policy.js';

/** The policies' texts, by the process and phase that they are for. */
export interface PolicyTexts {
  /** The worker from its exec on, while Node still loads: a deny list. */
  readonly start: string;
  /** The launcher, once the worker is confined: an allow list. */
  readonly launcher: string;
  /** All threads of the worker while it serves: an allow list. */
  readonly process: string;
  /** The worker's main thread, on top of it: a deny list of what takes a path. */
  readonly mainThread: string;
}

/** One program for each policy. */
export type SeccompPrograms = Readonly<Record<keyof PolicyTexts, SeccompProgram>>;

const operationNotPermitted: SeccompAction = { errno: 1 };

/** The filters for `--seccomp`; null: there are none. Throws VFSD_SECCOMP_POLICY for a policy with a mistake. */
export function assemblePrograms(texts: PolicyTexts, mode: SeccompMode): SeccompPrograms | null {
  if (mode === 'none') return null;
  return {
    start: denyList('seccomp/start.policy', texts.start),
    launcher: allowList('seccomp/launcher.policy', texts.launcher, mode),
    process: allowList('seccomp/process.policy', texts.process, mode),
    mainThread: denyList('seccomp/main-thread.policy', texts.mainThread),
  };
}

function denyList(file: string, text: string): SeccompProgram {
  return { otherwise: 'allow', matched: operationNotPermitted, rules: parsePolicy(file, text) };
}

function allowList(file: string, text: string, otherwise: SeccompAction): SeccompProgram {
  return { otherwise, matched: 'allow', rules: parsePolicy(file, text) };
}
