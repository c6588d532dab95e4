// SPDX-License-Identifier: Apache-2.0

/** The text of `vfsd seccomp show`: what each role may do in the end, in the grammar of a policy. */

import type { SeccompMode } from '../config/modes.js';
import type { Architecture, NativeBinding } from '../native/types.js';
import type { Feature, PolicyLine } from './parse-policy.js';
import type { PolicyTexts } from './programs.js';
import { allowedLines, deniedRules, roleTitle, type Role } from './roles.js';
import { isCovered } from './rule-sets.js';

export interface ListingRequest {
  readonly binding: Pick<NativeBinding, 'findSystemCall'>;
  readonly texts: PolicyTexts;
  readonly roles: readonly Role[];
  readonly architecture: Architecture;
  readonly architectureName: string;
  readonly mode: SeccompMode;
  readonly added: readonly PolicyLine[];
  readonly features: ReadonlySet<Feature>;
}

const ruleWidth = 31;

const otherwise: Readonly<Record<SeccompMode, string>> = {
  kill: 'ends the process',
  log: 'is let through and logged',
  trap: 'ends the process with SIGSYS',
  none: 'is let through: with --seccomp=none nothing of this is in force',
};

export function policyListing(request: ListingRequest): string {
  return request.roles.map((role) => section(role, request)).join('\n');
}

function section(role: Role, request: ListingRequest): string {
  const { binding, texts, architecture, architectureName, mode, added, features } = request;
  const lines = allowedLines(role, texts, added, features).flatMap((line) => {
    const number = binding.findSystemCall(line.rule.syscall, architecture);
    return typeof number === 'number' ? [listed(line, number)] : [];
  });
  return [
    `# ${role}: ${roleTitle(role)}, on ${architectureName}. Any other call ${otherwise[mode]}.`,
    ...(role === 'main'
      ? [`# These fail with EPERM, and nothing else: ${deniedToMain(texts, features)}`]
      : []),
    ...lines,
    '',
  ].join('\n');
}

/** What other threads may do; whatever they may not ends the process here, too. */
function deniedToMain(texts: PolicyTexts, features: ReadonlySet<Feature>): string {
  const denied = deniedRules(texts);
  return allowedLines('node', texts, [], features)
    .filter(({ rule }) => isCovered(rule, denied))
    .map(({ text }) => text)
    .join(', ');
}

function listed({ text, reason }: PolicyLine, number: number): string {
  return `${text.padEnd(ruleWidth)} # ${[String(number), reason].filter((part) => part !== '').join(': ')}`;
}
