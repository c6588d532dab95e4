// SPDX-License-Identifier: Apache-2.0

import type { SeccompMode } from '../config/modes.js';
import type { SeccompAction, SeccompProgram, SeccompRule } from '../native/types.js';
import { allFeatures, parsePolicy, type Feature } from './parse-policy.js';
import { union } from './rule-sets.js';

/** The policies' texts, by the process, threads and phase that they are for. */
export interface PolicyTexts {
  /** The worker from its exec on, while Node still loads: a deny list. */
  readonly start: string;
  /** The launcher, once the worker is confined: an allow list. */
  readonly launcher: string;
  /** The worker's main thread and Node's own, while it serves: an allow list. */
  readonly nodeThreads: string;
  /** The worker's threads that serve requests: an allow list. */
  readonly dataThreads: string;
  /** The worker's threads that wait for locks: an allow list. */
  readonly lockThreads: string;
  /** The worker's main thread, once more: a deny list of what takes a path, and of what only other threads need. */
  readonly mainThread: string;
  /** virtfs-proxy-helper, once it is confined: an allow list. */
  readonly proxyHelper: string;
}

/** Where a policy's text lies, for messages. */
export const policyFiles: Readonly<Record<keyof PolicyTexts, string>> = {
  start: 'seccomp/start.policy',
  launcher: 'seccomp/launcher.policy',
  nodeThreads: 'seccomp/node-threads.policy',
  dataThreads: 'seccomp/data-threads.policy',
  lockThreads: 'seccomp/lock-threads.policy',
  mainThread: 'seccomp/main-thread.policy',
  proxyHelper: 'seccomp/proxy-helper.policy',
};

/** What is loaded: `process` on every thread of the worker, the others where their names say. */
export type SeccompPrograms = Readonly<
  Record<Exclude<keyof PolicyTexts, 'nodeThreads' | 'proxyHelper'> | 'process', SeccompProgram>
>;

/** What is loaded for virtfs-proxy-helper, which has no options about it. */
export type ProxyHelperPrograms = Readonly<
  Record<'start' | 'launcher' | 'proxyHelper', SeccompProgram>
>;

const operationNotPermitted: SeccompAction = { errno: 1 };

/** Throws VFSD_SECCOMP_POLICY for a policy with a mistake. */
export function proxyHelperPrograms(texts: PolicyTexts): ProxyHelperPrograms {
  const rules = (name: keyof PolicyTexts): readonly SeccompRule[] =>
    parsePolicy(policyFiles[name], texts[name]);
  return {
    start: { otherwise: 'allow', matched: operationNotPermitted, rules: rules('start') },
    launcher: { otherwise: 'kill', matched: 'allow', rules: union(rules('launcher')) },
    proxyHelper: { otherwise: 'kill', matched: 'allow', rules: union(rules('proxyHelper')) },
  };
}

/**
 * The filters for `--seccomp`; null: there are none. Throws VFSD_SECCOMP_POLICY for a policy with a mistake.
 *
 * A filter can be loaded on all threads at once or by a thread on itself, which Node's own cannot be made to do: what is
 * loaded on all is what any of them may do, and data and lock threads narrow it for themselves.
 * @param added to every allow list
 * @param features what the daemon's options leave in
 */
export function assemblePrograms(
  texts: PolicyTexts,
  mode: SeccompMode,
  added: readonly SeccompRule[] = [],
  features: ReadonlySet<Feature> = allFeatures,
): SeccompPrograms | null {
  if (mode === 'none') return null;
  const rules = (name: keyof PolicyTexts): readonly SeccompRule[] =>
    parsePolicy(policyFiles[name], texts[name], features);
  const allowList = (...sets: readonly (readonly SeccompRule[])[]): SeccompProgram => ({
    otherwise: mode,
    matched: 'allow',
    rules: union(...sets, added),
  });
  const denyList = (name: keyof PolicyTexts): SeccompProgram => ({
    otherwise: 'allow',
    matched: operationNotPermitted,
    rules: rules(name),
  });
  const dataThreads = rules('dataThreads');
  const lockThreads = rules('lockThreads');
  const ofAll = [
    rules('nodeThreads'),
    dataThreads,
    ...(features.has('locks') ? [lockThreads] : []),
  ];
  return {
    start: denyList('start'),
    launcher: allowList(rules('launcher')),
    process: allowList(...ofAll),
    dataThreads: allowList(dataThreads),
    lockThreads: allowList(lockThreads),
    mainThread: denyList('mainThread'),
  };
}
