// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import t from 'tap';
import { optionDefinitions } from '../../src/config/options.js';
import type { OptionDefinition } from '../../src/config/options/definition.js';
import { quoted, table } from './tables.js';

function namesOf({ name, alias }: OptionDefinition): readonly string[] {
  return alias === undefined ? [`--${name}`] : [`--${name}`, `-${alias}`];
}

function source(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** What the pattern's first group finds in a file, sorted and each once. */
function found(path: string, pattern: RegExp): readonly string[] {
  const names = Array.from(source(path).matchAll(pattern), ([, name = '']) => name);
  return [...new Set(names)].sort();
}

function sorted(names: Iterable<string | undefined>): readonly (string | undefined)[] {
  return [...names].sort();
}

t.test('every option has a row in docs/compatibility.md, and every row is an option', async (t) => {
  t.strictSame(
    sorted(table('options').flatMap(([vfsd]) => quoted(vfsd))),
    sorted(optionDefinitions.flatMap(namesOf)),
  );
});

t.test('every opcode has a row, in the order of the protocol', async (t) => {
  const opcodes = source('native/abi/fuse.h').matchAll(/^ {2}FUSE_([A-Z0-9_]+) = \d+,$/gm);
  t.strictSame(
    table('opcodes').map(([opcode]) => opcode),
    Array.from(opcodes, ([, name]) => name),
  );
});

t.test(
  'the rows of opcodes say no where the native part has no operation, and only there',
  async (t) => {
    t.strictSame(
      sorted(table('opcodes').flatMap(([opcode, vfsd]) => (vfsd === 'no' ? [] : [opcode]))),
      found('native/fuse/operations.cc', /t\[FUSE_([A-Z0-9_]+)\]/g),
    );
  },
);

t.test(
  'the rows of INIT flags say no where no session agrees on one, and only there',
  async (t) => {
    t.strictSame(
      sorted(table('flags').flatMap(([, flag, vfsd]) => (vfsd === 'no' ? [] : [flag]))),
      found('native/fuse/session.cc', /abi::FUSE_([A-Z][A-Z0-9_]+)\b(?<!VERSION)/g),
    );
  },
);

t.test('every INIT flag of the protocol as it is here has a row, under its number', async (t) => {
  const bits = new Map(table('flags').map(([bit, flag]) => [flag, bit]));
  const flags = source('native/abi/fuse.h').matchAll(/FUSE_([A-Z0-9_]+) = 1ull << (\d+);/g);
  for (const [, flag = '', bit] of flags) t.equal(bits.get(flag), bit, flag);
  t.strictSame(
    [...bits.values()],
    Array.from({ length: bits.size }, (_, bit) => String(bit)),
    'without a gap',
  );
});

t.test('an option that a cell names is an option', async (t) => {
  const names = new Set(optionDefinitions.flatMap(namesOf));
  for (const row of [...table('opcodes'), ...table('flags').map((row) => row.slice(1))]) {
    for (const option of quoted(row[1])) t.ok(names.has(option.replace(/=.*/, '')), row.join(' '));
  }
});
