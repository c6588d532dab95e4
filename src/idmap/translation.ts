// SPDX-License-Identifier: Apache-2.0

/** `--translate-uid` and `--translate-gid`: ids that mean something else in the guest than on the host. */

import { usage } from '../config/usage.js';
import type { IdTranslation } from '../native/types.js';
import { isWithinIds, maxId, overlaps, parseIdNumber } from './id.js';

export type TranslationOption = 'translate-uid' | 'translate-gid';

interface TranslationType {
  /** The numbers after the type, in words. */
  readonly fields: readonly string[];
  readonly rules: (base: number, target: number, count: number) => readonly IdTranslation[];
}

const sourceTargetCount = (source: string, target: string): readonly string[] => [
  `base in the ${source}`,
  `id in the ${target}`,
  'count',
];

const types: Readonly<Record<string, TranslationType>> = {
  guest: {
    fields: sourceTargetCount('guest', 'host'),
    rules: (base, target, count) => [
      { direction: 'to-host', action: 'map', ...{ base, target, count } },
    ],
  },
  host: {
    fields: sourceTargetCount('host', 'guest'),
    rules: (base, target, count) => [
      { direction: 'to-guest', action: 'map', ...{ base, target, count } },
    ],
  },
  'squash-guest': {
    fields: sourceTargetCount('guest', 'host'),
    rules: (base, target, count) => [
      { direction: 'to-host', action: 'squash', ...{ base, target, count } },
    ],
  },
  'squash-host': {
    fields: sourceTargetCount('host', 'guest'),
    rules: (base, target, count) => [
      { direction: 'to-guest', action: 'squash', ...{ base, target, count } },
    ],
  },
  'forbid-guest': {
    fields: ['base in the guest', 'count'],
    rules: (base, _target, count) => [
      { direction: 'to-host', action: 'forbid', base, target: 0, count },
    ],
  },
  map: {
    fields: sourceTargetCount('guest', 'host'),
    rules: (guest, host, count) => [
      { direction: 'to-host', action: 'map', base: guest, target: host, count },
      { direction: 'to-guest', action: 'map', base: host, target: guest, count },
    ],
  },
};

/** Understands `TYPE:BASE:TARGET:COUNT` and `forbid-guest:BASE:COUNT`, one or several. Throws VFSD_CONFIG_USAGE. */
export function parseTranslations(
  option: TranslationOption,
  texts: readonly string[],
): readonly IdTranslation[] {
  const known: { readonly text: string; readonly rule: IdTranslation }[] = [];
  for (const text of texts) {
    for (const rule of parseTranslation(option, text)) {
      const other = known.find(
        ({ rule: { direction, ...range } }) =>
          direction === rule.direction && overlaps(range, rule),
      );
      if (other !== undefined) {
        const side = rule.direction === 'to-host' ? 'guest' : 'host';
        throw usage(
          `--${option}=${other.text} and --${option}=${text} overlap: ` +
            `both are for ids of the ${side} from ${Math.max(other.rule.base, rule.base)} on`,
        );
      }
      known.push({ text, rule: Object.freeze(rule) });
    }
  }
  return Object.freeze(known.map(({ rule }) => rule));
}

function parseTranslation(option: TranslationOption, text: string): readonly IdTranslation[] {
  const wrong = (problem: string): Error => usage(`--${option}=${text}: ${problem}`);
  const [name = '', ...given] = text.split(':');
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) {
    throw wrong(`the type "${name}" is not one of ${Object.keys(types).join(', ')}`);
  }
  const { fields } = type;
  if (given.length !== fields.length) {
    const wanted = `${fields.length} numbers (${fields.join(', ')})`;
    throw wrong(`${name} is followed by ${wanted}, and not by ${given.length}`);
  }
  const numbers = fields.map((field, index) => {
    const value = given[index] ?? '';
    const number = parseIdNumber(value);
    if (number === null) throw wrong(`the ${field} "${value}" is not a whole number below 2^32`);
    return number;
  });
  const [base = 0, target = 0, count = target] = numbers;
  if (count === 0) throw wrong('the count is 0');
  const rules = type.rules(base, target, count);
  for (const { action, ...rule } of rules) {
    const targets = { base: rule.target, count: action === 'map' ? count : 1 };
    if (!isWithinIds(rule) || !isWithinIds(targets)) {
      throw wrong(`the ids go beyond ${maxId}, the largest there is`);
    }
  }
  return rules;
}
