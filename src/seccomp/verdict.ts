// SPDX-License-Identifier: Apache-2.0

/** What a system call that a filter has stopped or shown most probably is. */

import type { Architecture } from '../native/types.js';
import { isOwnArchitecture } from './architecture.js';
import { relativesOf } from './call-families.js';
import { dangerOf } from './dangerous-calls.js';
import { allowedLines, deniedRules, type Role } from './roles.js';
import type { Feature } from './parse-policy.js';
import type { PolicyTexts } from './programs.js';

export type Verdict =
  /** Another form of `relative`, which the role may call. */
  | { readonly kind: 'variant'; readonly relative: string }
  /** Nothing in vfsd does what it does. */
  | { readonly kind: 'attack'; readonly danger: string }
  /** The role may make it with other arguments, which the log does not show; `danger`: what the others would do. */
  | {
      readonly kind: 'arguments';
      readonly lines: readonly string[];
      readonly danger: string | null;
    }
  /** Another role may make it, and this one has no reason to. */
  | { readonly kind: 'other-role'; readonly role: Role }
  /** The main thread may take no path. */
  | { readonly kind: 'path' }
  /** The role may make it where the daemon's options ask for what needs it. */
  | { readonly kind: 'feature'; readonly feature: Feature }
  /** The role may make it in any case: it was another version of vfsd, or another filter. */
  | { readonly kind: 'allowed' }
  /** Neither known as harmless nor as dangerous. */
  | { readonly kind: 'unclear' }
  /** A number that no name is known for. */
  | { readonly kind: 'unknown' }
  /** A call by the numbers of an architecture that vfsd does not run on. */
  | { readonly kind: 'foreign' };

const executableMemory = 'makes memory executable';
/** What the conditions of a policy keep out, where that is plain. */
const keptOut: Readonly<Record<string, string>> = {
  mmap: executableMemory,
  mprotect: executableMemory,
  unshare: 'makes namespaces',
  open_tree: 'clones mounts',
  seccomp: 'loads filters of another kind',
};

/**
 * @param name null: unknown
 * @param role null: the log does not say whose thread it was, or it is not one of vfsd's
 */
export function judge(
  name: string | null,
  architecture: Architecture,
  role: Role | null,
  texts: PolicyTexts,
): Verdict {
  if (!isOwnArchitecture(architecture)) return { kind: 'foreign' };
  if (name === null) return { kind: 'unknown' };
  // Who is not known is compared with everybody in the worker.
  const allowed = allowedLines(role ?? 'node', texts);
  const lines = allowed.filter(({ rule }) => rule.syscall === name);
  const always = lines.find(({ rule }) => rule.conditions.length === 0);
  if (always !== undefined) {
    const { feature } = always;
    return feature === null ? { kind: 'allowed' } : { kind: 'feature', feature };
  }
  if (lines.length > 0) {
    return {
      kind: 'arguments',
      lines: lines.map(({ text }) => text),
      danger: keptOut[name] ?? null,
    };
  }
  if (role === 'main' && deniedRules(texts).some(({ syscall }) => syscall === name)) {
    return { kind: 'path' };
  }
  const danger = dangerOf(name);
  if (danger !== null) return { kind: 'attack', danger };
  const names = new Set(allowed.map(({ rule }) => rule.syscall));
  const relative = relativesOf(name).find((candidate) => names.has(candidate));
  if (relative !== undefined) return { kind: 'variant', relative };
  const other = otherRoleWith(name, role, texts);
  return other === null ? { kind: 'unclear' } : { kind: 'other-role', role: other };
}

function otherRoleWith(name: string, role: Role | null, texts: PolicyTexts): Role | null {
  const others = (['data', 'lock', 'main'] as const).filter((other) => other !== role);
  return (
    others.find((other) => allowedLines(other, texts).some(({ rule }) => rule.syscall === name)) ??
    null
  );
}
