// SPDX-License-Identifier: Apache-2.0

/** What rules of a policy mean side by side. */

import type { SeccompRule } from '../native/types.js';

/** Equal for rules that match the same calls, as far as their texts tell. */
export function ruleKey({ syscall, conditions }: SeccompRule): string {
  const parts = conditions.map(({ argument, mask, value }) => `${argument}&${mask}=${value}`);
  return [syscall, ...parts.sort()].join(' ');
}

/** All of these rules, each once. What is allowed in any case needs no condition. */
export function union(...sets: readonly (readonly SeccompRule[])[]): readonly SeccompRule[] {
  const rules = new Map<string, SeccompRule>();
  const unconditional = new Set<string>();
  for (const rule of sets.flat()) {
    rules.set(ruleKey(rule), rule);
    if (rule.conditions.length === 0) unconditional.add(rule.syscall);
  }
  return [...rules.values()].filter(
    ({ syscall, conditions }) => conditions.length === 0 || !unconditional.has(syscall),
  );
}

/** True when one of `rules` matches every call that `rule` matches: the same rule, or the call in any case. */
export function isCovered(rule: SeccompRule, rules: readonly SeccompRule[]): boolean {
  const key = ruleKey(rule);
  return rules.some(
    (other) =>
      other.syscall === rule.syscall && (other.conditions.length === 0 || ruleKey(other) === key),
  );
}

/** True when the rule matches a call with these arguments. */
export function matches({ conditions }: SeccompRule, args: readonly bigint[]): boolean {
  return conditions.every(({ argument, mask, value }) => ((args[argument] ?? 0n) & mask) === value);
}
