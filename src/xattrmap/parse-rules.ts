// SPDX-License-Identifier: Apache-2.0

/**
 * The language of `--xattrmap`: rules one after the other, each with a separator of its own choice, as in
 * `:prefix:all:trusted.:user.virtiofs.: /ok/all///`.
 */

import { usage } from '../config/usage.js';
import type { XattrRule } from '../native/types.js';

const simpleTypes = ['prefix', 'ok', 'bad', 'unsupported'] as const satisfies XattrRule['type'][];
const shorthand = 'map';
const scopes = ['client', 'server', 'all'] as const;

/** The rules in the order in which they are tried. Throws VFSD_CONFIG_USAGE. */
export function parseXattrMap(text: string): readonly XattrRule[] {
  const rules: XattrRule[] = [];
  let rest = text.trimStart();
  let isComplete = false;
  for (let number = 1; rest !== ''; number++) {
    const reader = new RuleReader(number, rest);
    const type = reader.field('type');
    // "map" stands for a whole end of the list, with rules for every name.
    if (isComplete) throw reader.wrong('nothing can follow a rule of the type "map"');
    if (type === shorthand) {
      rules.push(...expandMap(reader.field('key'), reader.field('prepend')));
      isComplete = true;
    } else rules.push(simpleRule(type, reader));
    rest = reader.rest.trimStart();
  }
  if (rules.length === 0) throw usage('--xattrmap has no rules');
  checkComplete(rules);
  return Object.freeze(rules);
}

/** Takes the fields of one rule off the front of the text. */
class RuleReader {
  readonly #number: number;
  readonly #text: string;
  readonly #separator: string;
  #position: number;

  constructor(number: number, text: string) {
    this.#number = number;
    this.#text = text;
    // A whole character, which may be two units of UTF-16.
    this.#separator = String.fromCodePoint(text.codePointAt(0) ?? 0);
    this.#position = this.#separator.length;
  }

  /** The next field, which its separator has to end. */
  field(name: string): string {
    const end = this.#text.indexOf(this.#separator, this.#position);
    if (end < 0) {
      this.#position = this.#text.length;
      throw this.wrong(`no "${this.#separator}" ends the ${name}`);
    }
    const value = this.#text.slice(this.#position, end);
    this.#position = end + this.#separator.length;
    return value;
  }

  /** What comes after the fields that were read. */
  get rest(): string {
    return this.#text.slice(this.#position);
  }

  wrong(problem: string): Error {
    const read = JSON.stringify(this.#text.slice(0, this.#position));
    return usage(`--xattrmap rule ${this.#number} (${read}): ${problem}`);
  }
}

function simpleRule(type: string, reader: RuleReader): XattrRule {
  const known = simpleTypes.find((candidate) => candidate === type);
  if (known === undefined) {
    throw reader.wrong(
      `the type "${type}" is not one of ${[...simpleTypes, shorthand].join(', ')}`,
    );
  }
  const scope = reader.field('scope');
  if (!scopes.some((candidate) => candidate === scope)) {
    throw reader.wrong(`the scope "${scope}" is not one of ${scopes.join(', ')}`);
  }
  const key = reader.field('key');
  const prepend = reader.field('prepend');
  return rule(known, scope !== 'server', scope !== 'client', key, prepend);
}

function rule(
  type: XattrRule['type'],
  client: boolean,
  server: boolean,
  key: string,
  prepend: string,
): XattrRule {
  return Object.freeze({ type, client, server, key, prepend });
}

/** What a rule of the type "map" stands for. */
function expandMap(key: string, prepend: string): readonly XattrRule[] {
  const prefix = rule('prefix', true, true, key, prepend);
  if (key === '') return [prefix, rule('bad', true, true, '', '')];
  return [
    prefix,
    // The host's own names of this kind would look like the guest's.
    rule('bad', false, true, '', key),
    // The guest must not get at the mapped names behind its own kernel's back.
    rule('bad', true, false, prepend, ''),
    rule('ok', true, true, '', ''),
  ];
}

/** Every name must find a rule, from both sides: whoever writes the rules decides, and not a default. */
function checkComplete(rules: readonly XattrRule[]): void {
  const missing = [
    rules.some(({ client, key }) => client && key === '') ? [] : ['that the guest uses'],
    rules.some(({ server, prepend }) => server && prepend === '') ? [] : ['that the host lists'],
  ].flat();
  if (missing.length === 0) return;
  throw usage(
    `--xattrmap has no rule for the remaining names ${missing.join(' and for those ')}: ` +
      'end it with one that takes all, such as :bad:all::: or :ok:all:::',
  );
}
