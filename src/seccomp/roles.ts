// SPDX-License-Identifier: Apache-2.0

/** Who is bound by which policy, and what it allows them in the end. */

import type { SeccompRule } from '../native/types.js';
import {
  allFeatures,
  isWanted,
  parsePolicy,
  parsePolicyLines,
  type Feature,
  type PolicyLine,
} from './parse-policy.js';
import { policyFiles, type PolicyTexts } from './programs.js';
import { isCovered, ruleKey, union } from './rule-sets.js';

export const roles = ['launcher', 'main', 'node', 'data', 'lock', 'proxy-helper'] as const;
export type Role = (typeof roles)[number];

interface RoleFacts {
  /** For people. */
  readonly title: string;
  /** The policy to which a call is added that this role shall have. */
  readonly policy: keyof PolicyTexts;
}

const facts: Readonly<Record<Role, RoleFacts>> = {
  launcher: { title: 'the launcher', policy: 'launcher' },
  main: {
    title: "the main thread, which runs the JavaScript, or one of Node's own",
    policy: 'nodeThreads',
  },
  node: { title: "one of Node's own threads", policy: 'nodeThreads' },
  data: { title: 'a thread that serves requests', policy: 'dataThreads' },
  lock: { title: 'a thread that waits for locks', policy: 'lockThreads' },
  'proxy-helper': { title: 'virtfs-proxy-helper', policy: 'proxyHelper' },
};

export function roleTitle(role: Role): string {
  return facts[role].title;
}

/** The file that a line for this role belongs into. */
export function policyFileOf(role: Role): string {
  return policyFiles[facts[role].policy];
}

/** Names that Node's releases give their threads; each is at most 15 bytes long. */
const nodeThreadNames: Readonly<Record<string, Role>> = {
  node: 'main',
  MainThread: 'main',
  'node-MainThread': 'main',
  V8Worker: 'node',
  'libuv-worker': 'node',
  SignalInspector: 'node',
  DelayedTaskSche: 'node',
};

/** Whose thread it is by its name and program. Null: not vfsd's. */
export function roleOf(thread: string | null, program: string | null): Role | null {
  if (thread === null) return null;
  if (thread.startsWith('vfsd-launcher')) return 'launcher';
  if (thread.startsWith('vfsd-data-')) return 'data';
  if (thread.startsWith('vfsd-lock-')) return 'lock';
  // The kernel keeps 15 bytes of a program's name.
  if (thread.startsWith('vfsd-proxy-help')) return 'proxy-helper';
  const isNode = program === null || /\/(?:node|nodejs)(?:\d*|-[^/]*)$/.test(program);
  return isNode ? (nodeThreadNames[thread] ?? null) : null;
}

/** What a role may do with these features, as lines of a policy: with `added` in the end. */
export function allowedLines(
  role: Role,
  texts: PolicyTexts,
  added: readonly PolicyLine[] = [],
  features: ReadonlySet<Feature> = allFeatures,
): readonly PolicyLine[] {
  const own = (name: keyof PolicyTexts): readonly PolicyLine[] =>
    parsePolicyLines(policyFiles[name], texts[name]).filter((line) => isWanted(line, features));
  switch (role) {
    case 'launcher':
      return merge(own('launcher'), added);
    case 'data':
      return merge(own('dataThreads'), added);
    case 'lock':
      return merge(own('lockThreads'), added);
    case 'proxy-helper':
      // It has no options, neither --seccomp-allow nor any other.
      return parsePolicyLines(policyFiles.proxyHelper, texts.proxyHelper);
    case 'node':
      return merge(
        own('nodeThreads'),
        own('dataThreads'),
        features.has('locks') ? own('lockThreads') : [],
        added,
      );
    case 'main': {
      const denied = deniedRules(texts);
      return allowedLines('node', texts, added, features).filter(
        ({ rule }) => !isCovered(rule, denied),
      );
    }
  }
}

/** What the main thread is answered EPERM for. */
export function deniedRules(texts: PolicyTexts): readonly SeccompRule[] {
  return parsePolicy(policyFiles.mainThread, texts.mainThread);
}

function merge(...sets: readonly (readonly PolicyLine[])[]): readonly PolicyLine[] {
  const lines = sets.flat();
  const kept = new Set(union(lines.map(({ rule }) => rule)).map(ruleKey));
  // The first line of several with the same rule.
  return lines.filter(({ rule }) => kept.delete(ruleKey(rule)));
}
