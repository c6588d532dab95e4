// SPDX-License-Identifier: Apache-2.0

/** `vfsd seccomp`: what the policies say, and what the kernel's log says about them. */

import { createReadStream, writeSync } from 'node:fs';
import { stdin } from 'node:process';
import { usage } from '../config/usage.js';
import { validate } from '../config/validate.js';
import { VfsdError } from '../errors.js';
import { loadBinding } from '../native/binding.js';
import { toSystemFailure } from '../native/system-failure.js';
import type { NativeBinding } from '../native/types.js';
import { addedLines } from '../seccomp/added-lines.js';
import {
  architectureNames,
  architectureNumber,
  nativeArchitecture,
  type ArchitectureName,
} from '../seccomp/architecture.js';
import { featuresOf } from '../seccomp/features-of-config.js';
import { Explanation } from '../seccomp/explanation.js';
import { policyListing } from '../seccomp/policy-listing.js';
import type { PolicyTexts } from '../seccomp/programs.js';
import { roles, type Role } from '../seccomp/roles.js';
import { parseArguments } from './parse-arguments.js';

const help = `Usage: vfsd seccomp explain [FILE | - | LINE]
       vfsd seccomp show [--role=ROLE] [--arch=ARCH] [OPTIONS]

explain  Reads what the kernel's log says about refused system calls, as in
           journalctl -k | vfsd seccomp explain
         names each call, says whose it was and what to think of it, and which line to add to which
         policy. Takes what dmesg, journalctl (-o json, too) and auditd write, from standard input,
         a file, or as the argument. Status 1: there is no such line.
show     Prints the system calls that vfsd may make, with the numbers that they have on ARCH
         (${architectureNames.join(', ')}; this machine's) and their reasons. OPTIONS are those with which the
         daemon is started. ROLE is one of ${roles.join(', ')}; all by default.
`;

const nothingFound = 1;

/** Resolves to the exit status. Rejects with VfsdError. */
export async function runSeccompCommand(
  args: readonly string[],
  texts: PolicyTexts,
): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || args.includes('--help') || args.includes('-h')) {
    writeSync(1, help);
    return 0;
  }
  if (command === 'explain') return explain(loadBinding(), texts, rest);
  if (command === 'show') return show(loadBinding(), texts, rest);
  throw usage(`vfsd seccomp ${command}: there are "explain" and "show"`);
}

async function explain(
  binding: NativeBinding,
  texts: PolicyTexts,
  args: readonly string[],
): Promise<number> {
  const explanation = new Explanation(binding, texts);
  for await (const line of linesOf(args)) explanation.add(line);
  if (explanation.isEmpty) {
    writeSync(2, 'vfsd: no line about a refused system call (audit: type=1326, or type=SECCOMP)\n');
    return nothingFound;
  }
  writeSync(1, `${explanation.text}\n`);
  return 0;
}

/** A shell may have taken a pasted line apart. */
async function* linesOf(args: readonly string[]): AsyncGenerator<string> {
  if (args.some((argument) => argument.includes('syscall='))) {
    yield* args.join(' ').split('\n');
    return;
  }
  if (args.length > 1) throw usage('vfsd seccomp explain: one file, or a line in quotes');
  const [path = '-'] = args;
  if (path === '-' && stdin.isTTY) {
    writeSync(2, 'vfsd: reading lines from the terminal, up to Ctrl-D\n');
  }
  const input = (path === '-' ? stdin : createReadStream(path)).setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of input) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw new VfsdError('VFSD_SECCOMP_LOG', path, { answer: toSystemFailure(error) });
  }
  yield rest;
}

async function show(
  binding: NativeBinding,
  texts: PolicyTexts,
  args: readonly string[],
): Promise<number> {
  const { own, others } = separate(args);
  const given = await parseArguments(others);
  const config = validate({
    ...given,
    values: {
      'shared-dir': '/',
      ...(given.values.fd ? {} : { 'socket-path': '/' }),
      ...given.values,
    },
  });
  const architectureName = architectureOf(own.get('arch'));
  const text = policyListing({
    binding,
    texts,
    roles: rolesOf(own.get('role')),
    architecture: architectureNumber(architectureName),
    architectureName,
    mode: config.seccomp,
    added: addedLines(config.seccompAllow),
    // What is decided at the start is taken for the most that it can be.
    features: featuresOf(config, config.inodeFileHandles ?? 'prefer'),
  });
  writeSync(1, text);
  return 0;
}

const ownOptions = ['role', 'arch'] as const;

/** Takes this command's own options out of the daemon's. */
function separate(args: readonly string[]): {
  readonly own: ReadonlyMap<string, string>;
  readonly others: readonly string[];
} {
  const own = new Map<string, string>();
  const others: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    const name = ownOptions.find((option) => `${argument}=`.startsWith(`--${option}=`));
    if (name === undefined) {
      others.push(argument);
      continue;
    }
    const attached = argument.startsWith(`--${name}=`);
    const value = attached ? argument.slice(name.length + 3) : (args[++index] ?? '');
    if (own.has(name)) throw usage(`--${name} is given twice`);
    own.set(name, value);
  }
  return { own, others };
}

function rolesOf(wanted: string | undefined): readonly Role[] {
  if (wanted === undefined) return roles;
  const role = roles.find((candidate) => candidate === wanted);
  if (role === undefined) throw usage(`--role=${wanted} is not one of ${roles.join(', ')}`);
  return [role];
}

function architectureOf(wanted: string | undefined): ArchitectureName {
  const name =
    wanted === undefined
      ? nativeArchitecture(process.arch)
      : architectureNames.find((candidate) => candidate === wanted);
  if (name === undefined || name === null) {
    throw usage(`--arch=${wanted ?? process.arch} is not one of ${architectureNames.join(', ')}`);
  }
  return name;
}
