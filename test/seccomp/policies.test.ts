// SPDX-License-Identifier: Apache-2.0

// The policies of this tree, as data.

import { closeSync, fstatSync, readdirSync } from 'node:fs';
import t from 'tap';
import { loadBinding, unwrap } from '../../src/native/binding.js';
import { architectureNames, architectureNumber } from '../../src/seccomp/architecture.js';
import { dangerousCalls } from '../../src/seccomp/dangerous-calls.js';
import { familyMembers } from '../../src/seccomp/call-families.js';
import { parsePolicyLines, type PolicyLine } from '../../src/seccomp/parse-policy.js';
import {
  assemblePrograms,
  policyFiles,
  type PolicyTexts,
  type SeccompPrograms,
} from '../../src/seccomp/programs.js';
import { allowedLines, deniedRules, roles } from '../../src/seccomp/roles.js';
import { isCovered, ruleKey } from '../../src/seccomp/rule-sets.js';
import { policyTexts } from './policy-texts.js';

const allBits = 0xffff_ffff_ffff_ffffn;
const instructionSize = 8;

function linesOf(name: keyof PolicyTexts): readonly PolicyLine[] {
  return parsePolicyLines(policyFiles[name], policyTexts[name]);
}

const allowLists = [
  'launcher',
  'nodeThreads',
  'dataThreads',
  'lockThreads',
  'proxyHelper',
] as const;

t.test('every policy file is loaded', async (t) => {
  const files = readdirSync(new URL('../../seccomp/', import.meta.url));
  t.strictSame(
    files.filter((name) => name.endsWith('.policy')).map((name) => `seccomp/${name}`),
    Object.values(policyFiles).sort(),
  );
});

t.test('every line of an allow list has its reason, and stands there once', async (t) => {
  for (const name of allowLists) {
    const lines = linesOf(name);
    t.strictSame(
      lines.filter(({ reason }) => reason === '').map(({ text }) => text),
      [],
      name,
    );
    t.equal(new Set(lines.map(({ rule }) => ruleKey(rule))).size, lines.length, name);
  }
});

t.test('the main thread is left with what Node needs, and with no path', async (t) => {
  const denied = deniedRules(policyTexts);
  const node = linesOf('nodeThreads').map(({ rule }) => rule);
  for (const name of ['dataThreads', 'lockThreads'] as const) {
    const left = linesOf(name).filter(
      ({ rule }) => !isCovered(rule, node) && !isCovered(rule, denied),
    );
    t.strictSame(
      left.map(({ text }) => text),
      [],
      `${name}: what only they need is denied to the main thread`,
    );
  }
  const paths = /^(open|creat|.*stat|.*link|mk|rename|un?mount|ch(dir|mod|own)|.*xattr|execve)/;
  const taking = allowedLines('main', policyTexts).filter(
    ({ rule }) => paths.test(rule.syscall) && rule.syscall !== 'fstat',
  );
  t.strictSame(
    taking.map(({ text }) => text),
    [],
  );
});

t.test('no role has what would lead out of the sandbox', async (t) => {
  const narrowed = new Map([['unshare', 'unshare if arg0 == 0x200 with writing']]);
  for (const role of roles) {
    const dangerous = allowedLines(role, policyTexts).filter(
      ({ rule, text }) =>
        dangerousCalls.includes(rule.syscall) && narrowed.get(rule.syscall) !== text,
    );
    const expected = role === 'launcher' ? ['pidfd_send_signal'] : [];
    t.strictSame(
      dangerous.map(({ text }) => text),
      expected,
      role,
    );
    for (const syscall of ['mmap', 'mprotect']) {
      for (const { rule } of allowedLines(role, policyTexts)) {
        if (rule.syscall !== syscall) continue;
        t.strictSame(rule.conditions, [{ argument: 2, mask: 4n, value: 0n }], 'no PROT_EXEC');
      }
    }
  }
});

t.test('calls that are many in one are allowed by number alone', async (t) => {
  const selectors = new Map([
    ['ioctl', 1],
    ['fcntl', 1],
    ['prctl', 0],
    ['unshare', 0],
    ['open_tree', 2],
    ['fchmodat2', 3],
    ['seccomp', 0],
  ]);
  for (const role of roles) {
    for (const { rule, text } of allowedLines(role, policyTexts)) {
      const selector = selectors.get(rule.syscall);
      if (selector === undefined) continue;
      t.ok(
        rule.conditions.some(({ argument, mask }) => argument === selector && mask === allBits),
        `${role}: ${text}`,
      );
    }
  }
});

t.test('what V8 asks the time by is allowed as a call, too', async (t) => {
  for (const syscall of ['clock_gettime', 'gettimeofday']) {
    t.ok(
      linesOf('nodeThreads').some(
        ({ rule }) => rule.syscall === syscall && rule.conditions.length === 0,
      ),
      `${syscall}: not every machine has a vDSO that answers`,
    );
  }
});

t.test('what could clone mounts or follow a path is allowed for a descriptor alone', async (t) => {
  const conditionsOf = (syscall: string) =>
    linesOf('dataThreads')
      .filter(({ rule }) => rule.syscall === syscall)
      .map(({ rule }) => rule.conditions);
  const openTree = [{ argument: 2, mask: allBits, value: 0x8_1000n }];
  t.strictSame(conditionsOf('open_tree'), [openTree], 'neither OPEN_TREE_CLONE nor a path');
  const changeMode = [{ argument: 3, mask: allBits, value: 0x1000n }];
  t.strictSame(conditionsOf('fchmodat2'), [changeMode], 'AT_EMPTY_PATH');
});

const binding = loadBinding();

for (const name of architectureNames) {
  t.test(`the policies compile for ${name}`, async (t) => {
    const architecture = architectureNumber(name);
    const programs = assemblePrograms(policyTexts, 'kill');
    if (programs === null) throw new Error('there are no programs');
    for (const program of Object.keys(programs) as (keyof SeccompPrograms)[]) {
      const file = unwrap(
        binding.compileSeccomp(programs[program], architecture),
        'VFSD_SECCOMP_POLICY',
        program,
      );
      const instructions = fstatSync(file).size / instructionSize;
      closeSync(file);
      // Less would be the check of the architecture alone; more than 4096 the kernel does not take.
      t.ok(instructions > 10 && instructions < 4096, `${program}: ${instructions} instructions`);
      for (const { syscall } of programs[program].rules) {
        const number = binding.findSystemCall(syscall, architecture);
        t.not(number, null, `${syscall} is known`);
        if (typeof number !== 'number') continue;
        t.equal(binding.nameSystemCall(number, architecture), syscall, `${number} is ${syscall}`);
      }
    }
  });
}

t.test('the same call has another number elsewhere, or none', async (t) => {
  const [x86_64, aarch64] = [architectureNumber('x86_64'), architectureNumber('aarch64')];
  t.equal(binding.findSystemCall('renameat', x86_64), 264);
  t.equal(binding.findSystemCall('renameat', aarch64), 38);
  t.equal(binding.findSystemCall('open', aarch64), 'elsewhere');
  t.equal(binding.findSystemCall('fchmodat2', aarch64), 452);
  t.equal(binding.findSystemCall('no_such_call', x86_64), null);
  t.equal(binding.nameSystemCall(222, aarch64), 'mmap');
  t.equal(binding.nameSystemCall(462, x86_64), 'mseal');
  t.equal(binding.nameSystemCall(100_000, x86_64), null);
});

t.test('the tables of calls have names of calls', async (t) => {
  for (const name of new Set([...dangerousCalls, ...familyMembers])) {
    t.not(binding.findSystemCall(name, architectureNumber('x86_64')), null, name);
  }
});

t.test('a wrong name is a mistake in the policy, for each architecture', async (t) => {
  const program = {
    otherwise: 'kill',
    matched: 'allow',
    rules: [{ syscall: 'no_such_call', conditions: [] }],
  } as const;
  for (const name of architectureNames) {
    t.match(binding.compileSeccomp(program, architectureNumber(name)), {
      code: 'ENOENT',
      detail: 'no_such_call',
    });
  }
});
