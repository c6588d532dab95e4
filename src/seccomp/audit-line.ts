// SPDX-License-Identifier: Apache-2.0

/**
 * What the kernel writes when a seccomp filter has had a say (kernel/auditsc.c, audit_seccomp), in the forms in which it
 * reaches people: `dmesg` and `journalctl -k` (`audit: type=1326 audit(…): …`), `journalctl -o json`, the journal's own
 * audit transport (`SECCOMP auid=…`) and auditd (`type=SECCOMP msg=audit(…): …`).
 */

import type { Architecture } from '../native/types.js';

/** What happened to the call. */
export type Outcome = 'killed' | 'logged' | 'trapped' | 'other';

export interface AuditRecord {
  /** The name of the thread; null: the line does not say. As the program chose it: not for a terminal. */
  readonly thread: string | null;
  /** The path of the program; null as before. */
  readonly program: string | null;
  readonly pid: number | null;
  readonly architecture: Architecture;
  readonly number: number;
  readonly outcome: Outcome;
}

const recordPattern = /\btype=(?:1326|SECCOMP)\b|\bSECCOMP(?: msg=audit\S*)? auid=/;
// What auditd adds for people stands behind a control character.
// eslint-disable-next-line no-control-regex
const fieldPattern = /(?:^|[\s'\x1d])([a-z]+)=("[^"]*"|[^\s'\x1d]+)/g;

/** The action is in the upper half, its data in the lower (linux/seccomp.h). */
const outcomes: ReadonlyMap<number, Outcome> = new Map([
  [0x8000, 'killed'],
  [0x0000, 'killed'],
  [0x7ffc, 'logged'],
  [0x0003, 'trapped'],
]);

/** Reads one line of a log. Null: it is about something else. */
export function parseAuditLine(line: string): AuditRecord | null {
  const text = messageOf(line);
  const fields = fieldsOf(text);
  const isPasted = fields.has('syscall') && fields.has('arch');
  if (!recordPattern.test(text) && !isPasted) return null;
  const architecture = parseNumber(fields.get('arch'), 16);
  const number = parseNumber(fields.get('syscall'), 10);
  if (architecture === null || number === null) return null;
  return {
    thread: untrustedText(fields.get('comm')),
    program: untrustedText(fields.get('exe')),
    pid: parseNumber(fields.get('pid'), 10),
    architecture: architecture as Architecture,
    number,
    outcome: outcomeOf(fields),
  };
}

/** The text of an entry of `journalctl -o json`; any other line is its own. */
function messageOf(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { MESSAGE: message } = JSON.parse(line) as { MESSAGE?: unknown };
    if (typeof message === 'string') return message;
    // What is not text is an array of bytes there.
    return Array.isArray(message) ? Buffer.from(message as number[]).toString('utf8') : '';
  } catch {
    return line;
  }
}

/** The first of each name counts: what auditd adds for people comes last. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(fieldPattern)) {
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

function parseNumber(text: string | undefined, radix: 10 | 16): number | null {
  const pattern = radix === 10 ? /^\d{1,10}$/ : /^[0-9a-f]{1,8}$/i;
  return text !== undefined && pattern.test(text) ? parseInt(text, radix) : null;
}

/** Quoted where it is harmless, else in hexadecimal (audit_log_untrustedstring). */
function untrustedText(value: string | undefined): string | null {
  if (value === undefined || value === '(null)' || value === '?') return null;
  if (value.startsWith('"')) return value.slice(1, -1);
  return /^(?:[0-9A-F]{2})+$/.test(value) ? Buffer.from(value, 'hex').toString('utf8') : value;
}

function outcomeOf(fields: ReadonlyMap<string, string>): Outcome {
  const code = parseNumber(fields.get('code')?.replace(/^0x/, ''), 16);
  if (code === null) return 'other';
  // Kernels before 4.14 have no code of their own for an end of the whole process.
  const isDeath = fields.get('sig') !== '0';
  const outcome = outcomes.get(code >>> 16) ?? 'other';
  return outcome === 'killed' && !isDeath ? 'other' : outcome;
}
