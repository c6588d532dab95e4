// SPDX-License-Identifier: Apache-2.0

/** The languages of vfsd's options and policies: how texts near them look, and what holds for all that they take. */

import { parseNamespaceMap } from '../../src/idmap/namespace-map.js';
import { parseTranslations } from '../../src/idmap/translation.js';
import { parsePolicy } from '../../src/seccomp/parse-policy.js';
import { parseXattrMap } from '../../src/xattrmap/parse-rules.js';
import { expectTrue } from '../finding.js';
import type { Random } from '../random.js';
import { someText, withDamage } from './texts.js';

const largestId = 0xffff_fffe;

export interface Grammar {
  readonly name: string;
  readonly someText: (random: Random) => string;
  /** Parses, and checks what was understood. Throws what the parser throws. */
  readonly parse: (text: string) => void;
}

function someNumber(random: Random): string {
  return String(random.oneIn(4) ? random.edgyU64() : random.below(5000));
}

function expectId(what: string, id: number): void {
  expectTrue(`${what} is an id`, Number.isInteger(id) && id >= 0 && id <= largestId);
}

const xattrTypes = ['prefix', 'ok', 'bad', 'unsupported', 'map'];
const xattrScopes = ['client', 'server', 'all'];
const xattrNames = ['', 'user.', 'trusted.', 'user.virtiofs.', 'security.capability'];

function someXattrRule(random: Random): string {
  const fields = [
    random.pick(xattrTypes),
    random.pick(xattrScopes),
    random.pick(xattrNames),
    random.pick(xattrNames),
  ];
  const separator = random.pick([':', '/', '|', '\u{1f600}']);
  if (fields[0] === 'map') fields.splice(1, 1);
  return separator + fields.join(separator) + separator;
}

const xattrMap: Grammar = {
  name: '--xattrmap',
  someText: (random) => {
    if (random.oneIn(3))
      return someText(random, [...xattrTypes, ...xattrScopes, ...xattrNames], [':', ' ', '/']);
    const rules = Array.from({ length: random.below(5) }, () => someXattrRule(random));
    const end = random.oneIn(2) ? [':bad:all:::'] : [];
    return withDamage([...rules, ...end].join(random.pick(['', ' ', '\n'])), random);
  },
  parse: (text) => {
    const rules = parseXattrMap(text);
    expectTrue(
      'each name of the guest finds a rule',
      rules.some((r) => r.client && r.key === ''),
    );
    expectTrue(
      'each name of the host finds a rule',
      rules.some((r) => r.server && r.prepend === ''),
    );
    for (const { client, server } of rules) expectTrue('a rule is for somebody', client || server);
  },
};

function overlap(a: number, aCount: number, b: number, bCount: number): boolean {
  return a < b + bCount && b < a + aCount;
}

const namespaceMap: Grammar = {
  name: '--uid-map',
  someText: (random) => {
    const ranges = Array.from({ length: random.below(5) }, () => {
      const separator = random.pick([':', '.', '/']);
      const first = random.oneIn(2) ? '0' : someNumber(random);
      const numbers = [first, someNumber(random), someNumber(random)];
      return withDamage(separator + numbers.join(separator) + separator, random);
    });
    return ranges.join('\n');
  },
  parse: (text) => {
    const ranges = parseNamespaceMap('uid-map', text === '' ? [] : text.split('\n'));
    ranges.forEach(({ inside, host, count }, position) => {
      for (const id of [inside, host, inside + count - 1, host + count - 1]) expectId('it', id);
      expectTrue('no range is empty', count > 0);
      for (const earlier of ranges.slice(0, position)) {
        expectTrue(
          'no two ranges overlap',
          !overlap(inside, count, earlier.inside, earlier.count) &&
            !overlap(host, count, earlier.host, earlier.count),
        );
      }
    });
    expectTrue('0 is mapped', ranges.length === 0 || ranges.some(({ inside }) => inside === 0));
  },
};

const translationTypes = ['guest', 'host', 'map', 'squash-guest', 'squash-host', 'forbid-guest'];

const translation: Grammar = {
  name: '--translate-uid',
  someText: (random) => {
    const rules = Array.from({ length: random.below(5) }, () => {
      const type = random.pick([...translationTypes, 'constructor', '']);
      const numbers = Array.from({ length: type === 'forbid-guest' ? 2 : 3 }, () =>
        someNumber(random),
      );
      return withDamage([type, ...numbers].join(':'), random);
    });
    return rules.join('\n');
  },
  parse: (text) => {
    const rules = parseTranslations('translate-uid', text === '' ? [] : text.split('\n'));
    rules.forEach(({ direction, action, base, target, count }, position) => {
      for (const id of [base, base + count - 1, target]) expectId('it', id);
      if (action === 'map') expectId('the last target', target + count - 1);
      expectTrue('no range is empty', count > 0);
      for (const earlier of rules.slice(0, position)) {
        expectTrue(
          'no two ranges of a direction overlap',
          direction !== earlier.direction || !overlap(base, count, earlier.base, earlier.count),
        );
      }
    });
  },
};

const policyWords = [
  'read',
  'openat',
  'ioctl',
  'if',
  'and',
  'arg1',
  'arg6',
  '==',
  '&',
  '0x10',
  '7',
  '#',
  '\n',
];

const policy: Grammar = {
  name: 'policy',
  someText: (random) => {
    if (random.oneIn(2)) return someText(random, policyWords, [' ', ' ', '\n', '']);
    const lines = Array.from({ length: random.below(6) }, () => {
      const mask = random.oneIn(2) ? ` & ${someNumber(random)}` : '';
      const condition = `arg${random.below(7)}${mask} == ${someNumber(random)}`;
      return `${random.pick(policyWords)} if ${condition} # why`;
    });
    return withDamage(lines.join('\n'), random);
  },
  parse: (text) => {
    for (const { syscall, conditions } of parsePolicy('fuzzed', text)) {
      expectTrue('the call has a name', /^[a-z_][a-z0-9_]*$/.test(syscall));
      for (const { argument, mask, value } of conditions) {
        expectTrue('the argument exists', argument >= 0 && argument <= 5);
        expectTrue('the mask has 64 bits', mask >= 0n && mask < 1n << 64n);
        expectTrue('the condition can hold', (value & ~mask) === 0n);
      }
    }
  },
};

export const grammars: readonly Grammar[] = [xattrMap, namespaceMap, translation, policy];
