// SPDX-License-Identifier: Apache-2.0

import { usage } from '../../config/usage.js';
import { securityModels, type SecurityModel } from '../../mapped/model.js';

/** What a subcommand takes beside paths. */
export interface Syntax {
  readonly command: string;
  /** Options without a value: `-R`, `--json`. */
  readonly flags: readonly string[];
  /** Options with a value: `--uid`. */
  readonly values: readonly string[];
}

export interface GivenArguments {
  readonly paths: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** Throws VfsdError. `--` ends the options. */
export function readArguments(args: readonly string[], syntax: Syntax): GivenArguments {
  const paths: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const fail = (problem: string): never => {
    throw usage(`vfsd mapped ${syntax.command}: ${problem}`);
  };
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '--') {
      paths.push(...args.slice(index + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      paths.push(argument);
      continue;
    }
    const value = syntax.values.find((name) => `${argument}=`.startsWith(`${name}=`));
    if (value !== undefined) {
      if (values.has(value)) fail(`${value} is given twice`);
      const attached = argument.startsWith(`${value}=`);
      if (!attached && index + 1 >= args.length) fail(`${value} needs a value`);
      values.set(value, attached ? argument.slice(value.length + 1) : (args[++index] ?? ''));
      continue;
    }
    const isLong = argument.startsWith('--');
    const names = isLong ? [argument] : Array.from(argument.slice(1), (letter) => `-${letter}`);
    for (const name of names) {
      if (!syntax.flags.includes(name)) fail(`there is no ${name}`);
      flags.add(name);
    }
  }
  return { paths, flags, values };
}

export const modelOption = '--security-model';

/** Null: it is to be found out. */
export function givenModel(values: ReadonlyMap<string, string>): SecurityModel | null {
  const text = values.get(modelOption);
  return text === undefined ? null : modelNamed(text, modelOption);
}

export function modelNamed(text: string, option: string): SecurityModel {
  // QEMU has this second name for it.
  const name = text === 'mapped' ? 'mapped-xattr' : text;
  const model = securityModels.find((candidate) => candidate === name);
  if (model === undefined) {
    throw usage(`${option}=${text} is not one of ${securityModels.join(', ')}`);
  }
  return model;
}

export function onePath(paths: readonly string[], command: string): string {
  const [path] = paths;
  if (path === undefined || paths.length > 1) throw usage(`vfsd mapped ${command}: name one PATH`);
  return path;
}

/** Permission bits in octal. */
export function octalMode(text: string, option: string): number {
  if (!/^[0-7]{1,5}$/.test(text) || Number.parseInt(text, 8) > 0o7777) {
    throw usage(`${option}=${text} is no mode in octal, such as 0600`);
  }
  return Number.parseInt(text, 8);
}

export function idNumber(text: string, option: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) {
    throw usage(`${option}=${text} is no number of a user or group`);
  }
  return Number(text);
}
