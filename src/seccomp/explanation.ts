// SPDX-License-Identifier: Apache-2.0

/** The words of `vfsd seccomp explain`. */

import type { NativeBinding } from '../native/types.js';
import { architectureTitle } from './architecture.js';
import { parseAuditLine, type AuditRecord, type Outcome } from './audit-line.js';
import type { Feature } from './parse-policy.js';
import { printable } from './printable.js';
import type { PolicyTexts } from './programs.js';
import { policyFileOf, roleOf, roleTitle, type Role } from './roles.js';
import { judge, type Verdict } from './verdict.js';

export type NamesBinding = Pick<NativeBinding, 'nameSystemCall'>;

/** Equal records, counted. */
interface Finding {
  readonly record: AuditRecord;
  count: number;
}

const featureWords: Readonly<Record<Feature, string>> = {
  writing: 'the share can be written to (without --readonly)',
  locks: 'the guest locks files of the host (--posix-lock, --flock)',
  handles: 'inodes are held by file handle (--inode-file-handles)',
  xattr: 'the guest has extended attributes (--xattr, or what implies it)',
};

const outcomeWords: Readonly<Record<Outcome, string>> = {
  killed: 'the process was killed',
  logged: 'it was let through and logged',
  trapped: 'the process got SIGSYS',
  other: 'what became of it the line does not say',
};

/** Gathers what lines of a log say, and explains it. */
export class Explanation {
  readonly #binding: NamesBinding;
  readonly #texts: PolicyTexts;
  readonly #findings = new Map<string, Finding>();

  constructor(binding: NamesBinding, texts: PolicyTexts) {
    this.#binding = binding;
    this.#texts = texts;
  }

  /** Takes a line of a log; lines about something else are passed over. */
  add(line: string): void {
    const record = parseAuditLine(line);
    if (record === null) return;
    const { architecture, number, outcome, program } = record;
    const thread = record.thread?.replace(/\d+$/, '');
    const key = JSON.stringify([thread, program, architecture, number, outcome]);
    const finding = this.#findings.get(key);
    if (finding === undefined) this.#findings.set(key, { record, count: 1 });
    else finding.count += 1;
  }

  get isEmpty(): boolean {
    return this.#findings.size === 0;
  }

  /** A paragraph for each thread and call, in the order in which they came. */
  get text(): string {
    return [...this.#findings.values()].map((finding) => this.#paragraph(finding)).join('\n\n');
  }

  #paragraph({ record, count }: Finding): string {
    const { architecture, number, outcome, thread, program } = record;
    const name = this.#binding.nameSystemCall(number, architecture);
    const role = roleOf(thread, program);
    const call = `${name ?? 'unknown'} (${number} on ${architectureTitle(architecture)})`;
    const times = count === 1 ? '' : `, ${count} times`;
    const head = `${call}, by ${whose(record)}: ${outcomeWords[outcome]}${times}`;
    if (thread !== null && role === null) {
      return paragraph(head, [
        'Not a thread of vfsd, by its name and program. Whoever has loaded the filter knows more.',
      ]);
    }
    const verdict = judge(name, architecture, role, this.#texts);
    return paragraph(head, [
      ...(role === null ? [] : [`It is ${roleTitle(role)}.`]),
      ...verdictLines(name ?? '', verdict, role),
    ]);
  }
}

function whose({ thread, program, pid }: AuditRecord): string {
  if (thread === null) return 'a thread that the line does not name';
  const of = program === null ? '' : ` of ${printable(program)}`;
  return `${printable(thread)}${of}${pid === null ? '' : ` (process ${pid})`}`;
}

function paragraph(head: string, lines: readonly string[]): string {
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}

function verdictLines(name: string, verdict: Verdict, role: Role | null): readonly string[] {
  switch (verdict.kind) {
    case 'variant':
      return [
        `It looks like a new variant of ${verdict.relative}, which the policy has: after an update of the C library,`,
        'Node or the kernel this is to be expected; without one, ask why.',
        ...remedy(name, role, `as ${verdict.relative}`),
      ];
    case 'attack':
      return [
        `Nothing in vfsd does this: it ${verdict.danger}. Treat it as an attack by the guest or the front-end until you`,
        'know better. vfsd has no way to allow it.',
      ];
    case 'arguments':
      return [
        `The policy has it, with other arguments than these, which the log does not show: ${verdict.lines.join('; ')}`,
        verdict.danger === null
          ? 'strace shows the arguments; a line with them can be added to the policy, or given to --seccomp-allow.'
          : `That keeps out what ${verdict.danger}, which nothing in vfsd does: treat it as an attack until you know better.`,
      ];
    case 'other-role':
      return [
        `The policy has it for ${roleTitle(verdict.role)}, and this thread has no reason to make it: find out why.`,
        ...remedy(name, role, 'why'),
      ];
    case 'path':
      return [
        'The main thread takes no path, since one would lead into the shared directory: a library has looked for a file',
        'that it should have loaded at the start, or it is an attack. vfsd has no way to allow it.',
      ];
    case 'feature':
      return [
        `The policy has it only where ${featureWords[verdict.feature]}. If that is so, the daemon was another version of`,
        "vfsd, or the filter somebody else's; if not, treat it as an attack until you know better.",
      ];
    case 'allowed':
      return [
        "The policy of this version of vfsd has it: the daemon was another version, or the filter somebody else's",
        '(SystemCallFilter= of a unit, the filter of a container).',
      ];
    case 'unclear':
      return [
        'It is no variant of what the policy has, and not among the calls that would lead out of the sandbox. Look it up',
        `(man 2 ${name}) and find out why before you allow it.`,
        ...remedy(name, role, 'why'),
      ];
    case 'unknown':
      return [
        'No call of that number is known here: it is newer than vfsd and the libseccomp that it uses, and has a name in',
        'include/uapi/asm-generic/unistd.h of the running kernel. A new C library may have begun to use it, or somebody',
        'tries what there is: find out which before you allow it.',
      ];
    case 'foreign':
      return [
        'vfsd makes no calls of this architecture: treat it as an attack by the guest or the front-end until you know',
        'better.',
      ];
  }
}

function remedy(name: string, role: Role | null, reason: string): readonly string[] {
  const file = role === null ? 'the policy of the thread' : policyFileOf(role);
  return [
    ...(role === 'proxy-helper' ? [] : [`For one run:  vfsd --seccomp-allow=${name} …`]),
    `For good:     add this line to ${file} and build again:`,
    `              ${name.padEnd(23)} # ${reason}`,
  ];
}
