// SPDX-License-Identifier: Apache-2.0

/**
 * The policy files of seccomp/: one rule a line, `name [if argN [& MASK] == VALUE [and …]] [with FEATURE]  # reason`.
 * Numbers are decimal or 0x hexadecimal; without a mask all 64 bits count. What has a feature is left out where the
 * daemon's options leave that out. A reason that begins with `rare:` says why the call is
 * there although hardly a run of the daemon needs it.
 */

import { VfsdError } from '../errors.js';
import type { SeccompCondition, SeccompRule } from '../native/types.js';

export const features = ['writing', 'locks', 'handles', 'xattr'] as const;
/** What options switch on or off: changes of files, locks on the host, inodes by file handle, extended attributes. */
export type Feature = (typeof features)[number];

/** One line of a policy. */
export interface PolicyLine {
  readonly rule: SeccompRule;
  /** Only with this; null: always. */
  readonly feature: Feature | null;
  /** The rule as it is written, with single spaces. */
  readonly text: string;
  /** Empty: none is given. */
  readonly reason: string;
  /** No run of the tests has to need it. */
  readonly isRare: boolean;
}

const allBits = 0xffff_ffff_ffff_ffffn;
const rulePattern = /^(\S+)(?:\s+if\s+(.*?))?(?:\s+with\s+(\S+))?$/;
const namePattern = /^[a-z_][a-z0-9_]*$/;
const conditionPattern =
  /^arg([0-5])\s*(?:&\s*(0x[0-9a-f]+|[0-9]+)\s*)?==\s*(0x[0-9a-f]+|[0-9]+)$/i;
const rareMark = 'rare:';

export const allFeatures: ReadonlySet<Feature> = new Set(features);

/** Reads the rules of a policy, as far as they are for these features. Throws VFSD_SECCOMP_POLICY that names file and line. */
export function parsePolicy(
  file: string,
  text: string,
  wanted: ReadonlySet<Feature> = allFeatures,
): readonly SeccompRule[] {
  return parsePolicyLines(file, text)
    .filter((line) => isWanted(line, wanted))
    .map(({ rule }) => rule);
}

export function isWanted({ feature }: PolicyLine, wanted: ReadonlySet<Feature>): boolean {
  return feature === null || wanted.has(feature);
}

/** The same with what only people read. */
export function parsePolicyLines(file: string, text: string): readonly PolicyLine[] {
  return text.split('\n').flatMap((line, position) => {
    const [rule = '', ...comment] = line.split('#');
    if (rule.trim() === '') return [];
    const reason = comment.join('#').trim();
    const isRare = reason.startsWith(rareMark);
    return [
      {
        ...parseRule(rule.trim(), `${file}:${position + 1}`),
        text: rule.trim().replace(/\s+/g, ' '),
        reason: isRare ? reason.slice(rareMark.length).trim() : reason,
        isRare,
      },
    ];
  });
}

function parseRule(rule: string, place: string): Pick<PolicyLine, 'rule' | 'feature'> {
  const [, syscall = '', conditions, feature] = rulePattern.exec(rule) ?? [];
  if (!namePattern.test(syscall)) {
    throw refuse(place, `"${rule}" is not a system call's name, or not followed by "if" or "with"`);
  }
  return {
    rule: {
      syscall,
      conditions:
        conditions?.split(/\s+and\s+/).map((text) => parseCondition(text.trim(), place)) ?? [],
    },
    feature: feature === undefined ? null : parseFeature(feature, place),
  };
}

function parseFeature(text: string, place: string): Feature {
  const feature = features.find((candidate) => candidate === text);
  if (feature === undefined) {
    throw refuse(place, `"${text}" is not one of the features ${features.join(', ')}`);
  }
  return feature;
}

function parseCondition(text: string, place: string): SeccompCondition {
  const [matched, argument, mask, value] = conditionPattern.exec(text) ?? [];
  if (matched === undefined || argument === undefined || value === undefined) {
    throw refuse(place, `"${text}" is not a condition of the form argN & MASK == VALUE`);
  }
  const condition = {
    argument: Number(argument),
    mask: mask === undefined ? allBits : parseNumber(mask, place),
    value: parseNumber(value, place),
  };
  if ((condition.value & ~condition.mask) !== 0n) {
    throw refuse(place, `"${text}" can never hold: the value has bits that the mask takes away`);
  }
  return condition;
}

function parseNumber(text: string, place: string): bigint {
  const value = BigInt(text);
  if (value > allBits) throw refuse(place, `${text} is larger than 64 bits`);
  return value;
}

function refuse(place: string, answer: string): VfsdError {
  return new VfsdError('VFSD_SECCOMP_POLICY', place, { answer });
}
