// SPDX-License-Identifier: Apache-2.0

/** docs/compatibility.md against the daemons themselves: vfsd, and the peers where they are installed. */

import { execFileSync, spawnSync } from 'node:child_process';
import t from 'tap';
import { quoted, table } from '../docs/tables.js';
import { vfsdCommand, type Workplace } from './daemon.js';
import { agreedFlags, knownOpcodes, unanswered } from './offers.js';

interface Daemon {
  /** Its column in the table of options. */
  readonly column: number;
  /** Where it may be, first the one to prefer. */
  readonly places: readonly string[];
  /** How its version begins that the table is about. */
  readonly version: RegExp;
  readonly start: (workplace: Workplace) => readonly string[];
  /** Everything that an INIT flag may be had by, in as many runs as it takes. */
  readonly everything: readonly (readonly string[])[];
  /** What its help lists. */
  readonly helps: (help: string) => Iterable<string>;
}

/** A directory with `virtiofsd-c` and `virtiofsd-rust`, for peers that are not installed. */
const unpacked = process.env['VFSD_PEERS'] ?? '.';

const longStart = ({ share, socket }: Workplace): readonly string[] => [
  `--shared-dir=${share}`,
  `--socket-path=${socket}`,
];

/** The words that look like options at the beginning of each line. */
function* optionsOfHelp(help: string): Generator<string> {
  for (const [line] of help.matchAll(/^ +(?:--?[a-zA-Z]\S*[, ]*)+/gm)) {
    for (const [name] of line.matchAll(/(?<![\w-])--?[a-zA-Z][\w-]*/g)) yield name;
  }
}

/** Those of the C one, whose `-o` are `name=`, `name|no_name` or `name/no_name`. */
function* optionsOfLegacyHelp(help: string): Generator<string> {
  for (const name of optionsOfHelp(help.replaceAll(/-o .*$/gm, ''))) yield name;
  for (const [, names = ''] of help.matchAll(/^.* -o ([\w|/]+)/gm)) {
    for (const name of names.split(/[|/]/)) yield `-o ${name}`;
  }
}

const daemons: Readonly<Record<string, Daemon>> = {
  vfsd: {
    column: 0,
    places: [vfsdCommand],
    version: /./,
    start: longStart,
    everything: [
      [
        '--posix-acl=auto',
        '--security-label=auto',
        '--writeback',
        '--allow-mmap',
        '--posix-lock',
        '--flock',
      ],
      ['--cache=always', '--xattr'],
    ],
    helps: optionsOfHelp,
  },
  'virtiofsd 1.14': {
    column: 1,
    places: [`${unpacked}/virtiofsd-rust`, '/usr/libexec/virtiofsd'],
    version: /\b1\.14\./,
    // Handles of files need a capability that the tests may not have.
    start: (workplace) => [...longStart(workplace), '--inode-file-handles=never'],
    everything: [
      [
        '--posix-acl=auto',
        '--security-label=auto',
        '--writeback',
        '--allow-mmap',
        '--killpriv-v2',
        '--xattrmap=:map::user.virtiofs.:',
        '--modcaps=+sys_admin',
      ],
    ],
    helps: optionsOfHelp,
  },
  'C virtiofsd 7.2': {
    column: 2,
    places: [`${unpacked}/virtiofsd-c`, '/usr/lib/qemu/virtiofsd'],
    version: /\b7\.2\./,
    start: ({ share, socket }) => ['-o', `source=${share}`, `--socket-path=${socket}`],
    everything: [
      [
        '-o',
        'writeback,xattr,posix_acl,flock,posix_lock,announce_submounts,killpriv_v2,security_label',
        '-o',
        'xattrmap=:map::user.virtiofs.:',
      ],
    ],
    helps: optionsOfLegacyHelp,
  },
};

/** The first of the places with a program of that version. */
function installed({ places, version }: Daemon): string | undefined {
  return places.find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    // Nothing when there is no such program.
    return version.test(stdout);
  });
}

const opcodeRows = table('opcodes');
const flagRows = table('flags');

for (const [name, daemon] of Object.entries(daemons)) {
  const { column, start, everything, helps } = daemon;
  const program = installed(daemon);
  const reason = program === undefined && `${name} is not installed`;
  const path = program ?? '';
  const command = (options: readonly string[]) => (workplace: Workplace) => [
    path,
    ...start(workplace),
    ...options,
  ];

  t.test(`${name}: the table has the options of its help`, { skip: reason }, async (t) => {
    const listed = helps(execFileSync(path, ['--help'], { encoding: 'utf8' }));
    const inTable = table('options').flatMap((row) => quoted(row[column]));
    t.strictSame([...new Set(inTable)].sort(), [...new Set(listed)].sort());
  });

  t.test(`${name}: the table has the opcodes that it knows`, { skip: reason }, async (t) => {
    const known = await knownOpcodes(command([]));
    const knownWithAll = await knownOpcodes(command(everything[0] ?? []));
    // The numbers are the protocol's, and so is the order of the rows: 7 and 19 were never used.
    const numbers = Array.from({ length: 53 }, (_, index) => index + 1);
    const used = numbers.filter((number) => number !== 7 && number !== 19);
    t.equal(used.length, opcodeRows.length);
    for (const [index, opcode] of used.entries()) {
      if (unanswered.has(opcode)) continue;
      const row = opcodeRows[index] ?? [];
      const cell = row[column + 1];
      t.equal(known.has(opcode), cell === 'yes', `${row[0]} without options`);
      t.equal(knownWithAll.has(opcode), cell !== 'no', `${row[0]} with all`);
    }
  });

  t.test(`${name}: the table has the INIT flags that it agrees on`, { skip: reason }, async (t) => {
    const plain = await agreedFlags(command([]));
    let all = plain;
    for (const options of everything) all |= await agreedFlags(command(options));
    for (const [index, row] of flagRows.entries()) {
      const bit = 1n << BigInt(index);
      const cell = row[column + 2];
      t.equal((plain & bit) !== 0n, cell === 'yes', `${row[1]} without options`);
      t.equal((all & bit) !== 0n, cell !== 'no', `${row[1]} with all`);
    }
    t.equal(all >> BigInt(flagRows.length), 0n, 'and no other');
  });
}
