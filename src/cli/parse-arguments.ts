// SPDX-License-Identifier: Apache-2.0

import type { Argv } from 'yargs';
import {
  optionDefinitions,
  optionGroups,
  type FlagOptionName,
  type ListOptionName,
  type OptionName,
  type ValueOptionName,
} from '../config/options.js';
import { usage } from '../config/usage.js';
import type { GivenOptions } from '../config/validate.js';
import { optionForm, strictParser } from '../config/strict-parser.js';

const flagNames = new Set<string>(
  optionDefinitions.filter(({ value }) => value === undefined).map(({ name }) => name),
);

const listNames = new Set<string>(
  optionDefinitions.filter(({ repeatable }) => repeatable === true).map(({ name }) => name),
);
const impliedValues = new Map<string, string>(
  optionDefinitions.flatMap(({ name, withoutValue }) =>
    withoutValue === undefined ? [] : [[name, withoutValue]],
  ),
);

/** What the parser would take for a flag's value where it follows one. */
const truthValues = new Set(['true', 'false']);

/** Takes the command line apart: `--name=value` and `--name value`. Throws VFSD_CONFIG_USAGE. */
export async function parseArguments(args: readonly string[]): Promise<GivenOptions> {
  checkTokens(args);
  const complete = args.map(withImpliedValue);
  const parsed: Readonly<Record<string, unknown>> = await parser(complete).parseAsync();
  const { _: positionals } = parsed;
  if (Array.isArray(positionals) && positionals.length > 0) {
    throw usage(`unexpected argument ${String(positionals[0])}`);
  }
  const values: Partial<Record<ValueOptionName, string>> = {};
  const lists: Partial<Record<ListOptionName, readonly string[]>> = {};
  const flags = new Set<FlagOptionName>();
  for (const { name } of optionDefinitions) {
    const given = parsed[name];
    if (isFlag(name)) {
      if (given === true) flags.add(name);
    } else if (isList(name)) {
      if (given !== undefined) lists[name] = [given].flat().map(String);
    } else if (typeof given === 'string') values[name] = given;
  }
  return { values, lists, flags };
}

/** The text of `--help`. */
export function helpText(): Promise<string> {
  return parser([]).getHelp();
}

/** True when the option is on the command line, however wrong the rest may be. */
export function isAsked(args: readonly string[], name: OptionName): boolean {
  const alias = optionDefinitions.find((option) => option.name === name)?.alias;
  return args.includes(`--${name}`) || (alias !== undefined && args.includes(`-${alias}`));
}

function isFlag(name: OptionName): name is FlagOptionName {
  return flagNames.has(name);
}

function isList(name: OptionName): name is ListOptionName {
  return listNames.has(name);
}

/** The parser would take the next argument for the value of an option that has one only after `=`. */
function withImpliedValue(token: string): string {
  const implied = token.startsWith('--') ? impliedValues.get(token.slice(2)) : undefined;
  return implied === undefined ? token : `${token}=${implied}`;
}

/** What the parser would pass over: options given twice, and values for flags. */
function checkTokens(args: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, token] of args.entries()) {
    if (!token.startsWith('--') || token === '--') continue;
    const [name = '', value] = token.slice(2).split('=', 2);
    if (seen.has(name) && !listNames.has(name)) throw usage(`--${name} is given twice`);
    const hasValue = value !== undefined || truthValues.has(args[index + 1] ?? '');
    if (hasValue && flagNames.has(name)) throw usage(`--${name} takes no value`);
    seen.add(name);
  }
}

function parser(args: readonly string[]): Argv {
  const instance = strictParser(
    args,
    'vfsd',
    'Usage: vfsd --shared-dir=DIR (--socket-path=PATH | --fd=N) [OPTIONS]\n' +
      '       vfsd seccomp show|explain   (see vfsd seccomp --help)\n' +
      '       vfsd stat|top|log-level SOCKET   (see vfsd stat --help)',
    usage,
  );
  for (const [group, definitions] of Object.entries(optionGroups)) {
    for (const definition of definitions) addOption(instance, group, definition);
  }
  return instance;
}

function addOption(
  instance: Argv,
  group: string,
  definition: (typeof optionDefinitions)[number],
): void {
  const { name, summary } = definition;
  instance.option(name, {
    ...optionForm(definition),
    group: `${group}:`,
    description: describe(summary, definition.default),
  });
}

function describe(summary: string, standard: string | undefined): string {
  const text = standard === undefined ? summary : `${summary} [default: ${standard}]`;
  return text.replaceAll('`', '');
}
