// SPDX-License-Identifier: Apache-2.0

import { VfsdError } from '../../errors.js';
import {
  optionDefinitions,
  type FlagOptionName,
  type ListOptionName,
  type OptionName,
  type ValueOptionName,
} from '../options.js';
import type { GivenOptions } from '../validate.js';

/** What only the command line can say. */
const commandLineOnly = new Set<OptionName>([
  'config',
  'check-config',
  'print-capabilities',
  'help',
  'version',
]);

const truths = new Set(['yes', 'true', 'on', '1']);
const falsehoods = new Set(['no', 'false', 'off', '0']);

const definitionsByName = new Map(
  optionDefinitions.map((option) => [option.name as string, option]),
);

/**
 * Reads the text of a configuration file: a line is `key = value`, with the options' names as keys; an option that may
 * be given several times may be there several times; a flag is `yes` or `no`. Empty lines and those that begin with
 * `#` or `;` are passed over. A value goes to the line's end, without the spaces around it; in double quotes it may
 * have those, too. Throws VFSD_CONFIG_FILE, with the line.
 * @param path for messages
 */
export function parseConfigFile(path: string, text: string): GivenOptions {
  const values: Partial<Record<ValueOptionName, string>> = {};
  const lists: Partial<Record<ListOptionName, string[]>> = {};
  const flags = new Set<FlagOptionName>();
  const seen = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const number = index + 1;
    const wrong = (problem: string): VfsdError =>
      new VfsdError('VFSD_CONFIG_FILE', `${path}, line ${number}`, { answer: problem });
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#') || entry.startsWith(';')) continue;
    const [, key, given] = /^([a-z][a-z0-9-]*)\s*=\s*(.*)$/.exec(entry) ?? [];
    if (key === undefined || given === undefined) {
      throw wrong(`"${entry}" is not "key = value"`);
    }
    const definition = definitionsByName.get(key);
    if (definition === undefined) throw wrong(`there is no option ${key}${closest(key)}`);
    if (commandLineOnly.has(definition.name)) throw wrong(`${key} is for the command line`);
    const before = seen.get(key);
    if (before !== undefined && definition.repeatable !== true) {
      throw wrong(`${key} is in line ${before} already`);
    }
    seen.set(key, number);
    const value = unquote(given);
    if (value === null) throw wrong(`the value of ${key} has a quote that does not end`);
    if (definition.value === undefined) {
      if (truths.has(value)) flags.add(definition.name as FlagOptionName);
      else if (!falsehoods.has(value)) throw wrong(`${key} is yes or no, not "${value}"`);
    } else if (definition.repeatable === true) {
      (lists[definition.name as ListOptionName] ??= []).push(value);
    } else {
      values[definition.name as ValueOptionName] = value;
    }
  }
  return { values, lists, flags };
}

/** Null: a quote that does not end. */
function unquote(given: string): string | null {
  if (!given.startsWith('"')) return given;
  const [, inside] = /^"((?:[^"\\]|\\.)*)"$/.exec(given) ?? [];
  return inside?.replaceAll(/\\(.)/g, '$1') ?? null;
}

/** A word about an option that may have been meant. */
function closest(key: string): string {
  const [best] = [...definitionsByName.keys()]
    .map((name) => ({ name, distance: distanceBetween(key, name) }))
    .sort((one, other) => one.distance - other.distance);
  return best !== undefined && best.distance <= 3 ? `; is it ${best.name}?` : '';
}

/** How many letters have to be put in, left out or changed (Levenshtein). */
function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, wanted] of Array.from(other).entries()) {
      next.push(
        Math.min(
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
          (row[column] ?? 0) + (letter === wanted ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
