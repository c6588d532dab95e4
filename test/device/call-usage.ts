// SPDX-License-Identifier: Apache-2.0

/** Traced calls beside the policies: what a policy lacks, and what it has for nobody. */

import { parsePolicyLines, type PolicyLine } from '../../src/seccomp/parse-policy.js';
import { policyFiles, type PolicyTexts } from '../../src/seccomp/programs.js';
import { allowedLines, roles, type Role } from '../../src/seccomp/roles.js';
import { matches } from '../../src/seccomp/rule-sets.js';
import type { TracedCall } from './trace-file.js';

/** Whose calls a policy is for. */
const rolesOfPolicies: readonly (readonly [keyof PolicyTexts, readonly Role[]])[] = [
  ['launcher', ['launcher']],
  ['nodeThreads', ['main', 'node']],
  ['dataThreads', ['data']],
  ['lockThreads', ['lock']],
  ['proxyHelper', ['proxy-helper']],
];

export interface PolicyUsage {
  readonly file: string;
  /** Lines that no call of these has needed. */
  readonly unused: readonly PolicyLine[];
}

function isOf({ rule }: PolicyLine, { syscall, args }: TracedCall): boolean {
  return rule.syscall === syscall && matches(rule, args);
}

/** Calls that their thread may not make, in words, each once. */
export function unexpectedCalls(
  calls: readonly TracedCall[],
  texts: PolicyTexts,
): readonly string[] {
  const allowed = new Map(roles.map((role) => [role, allowedLines(role, texts)]));
  const unexpected = calls.filter(
    (call) => allowed.get(call.role)?.some((line) => isOf(line, call)) !== true,
  );
  return [
    ...new Set(
      unexpected.map(
        ({ role, thread, syscall, args }) =>
          `${role} (${thread}): ${syscall}(${args.map((arg) => `0x${arg.toString(16)}`).join(', ')})`,
      ),
    ),
  ];
}

/** Of those policies whose threads have made any of these calls. */
export function policyUsage(
  calls: readonly TracedCall[],
  texts: PolicyTexts,
): readonly PolicyUsage[] {
  const seen = new Set(calls.map(({ role }) => role));
  const used = rolesOfPolicies.filter(([, ofRoles]) => ofRoles.some((role) => seen.has(role)));
  return used.map(([name, ofRoles]) => {
    const own = calls.filter(({ role }) => ofRoles.includes(role));
    const lines = parsePolicyLines(policyFiles[name], texts[name]);
    return {
      file: policyFiles[name],
      unused: lines.filter((line) => !own.some((call) => isOf(line, call))),
    };
  });
}
