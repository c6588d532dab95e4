// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parsePolicy } from '../../src/seccomp/parse-policy.js';
import { assemblePrograms } from '../../src/seccomp/programs.js';

const allBits = 0xffff_ffff_ffff_ffffn;

t.test('a policy is one rule a line', async (t) => {
  const text = [
    '# what the worker may do',
    '',
    'read            # every byte',
    '  futex',
    'mmap if arg2 & 0x4 == 0   # never executable',
    'ioctl if arg1 == 0x541B and arg0 & 0xFF == 3',
    'fcntl if arg1==4',
    'seccomp   if   arg0   ==   1',
  ].join('\n');
  t.same(parsePolicy('seccomp/x.policy', text), [
    { syscall: 'read', conditions: [] },
    { syscall: 'futex', conditions: [] },
    { syscall: 'mmap', conditions: [{ argument: 2, mask: 4n, value: 0n }] },
    {
      syscall: 'ioctl',
      conditions: [
        { argument: 1, mask: allBits, value: 0x541bn },
        { argument: 0, mask: 0xffn, value: 3n },
      ],
    },
    { syscall: 'fcntl', conditions: [{ argument: 1, mask: allBits, value: 4n }] },
    { syscall: 'seccomp', conditions: [{ argument: 0, mask: allBits, value: 1n }] },
  ]);
});

t.test('a mistake is named with its file and line', async (t) => {
  const wrong: [string, RegExp][] = [
    ['read write', /not a system call's name/],
    ['Read', /not a system call's name/],
    ['read,', /not a system call's name/],
    ['mmap if', /not a system call's name|not a condition/],
    ['mmap if arg6 == 0', /not a condition/],
    ['mmap if arg2 = 0', /not a condition/],
    ['mmap if arg2 & == 0', /not a condition/],
    ['mmap if arg2 == -1', /not a condition/],
    ['mmap if arg2 == 0 and', /not a condition/],
    ['mmap if arg2 == 0 or arg3 == 0', /not a condition/],
    ['mmap if arg2 == 09z', /not a condition/],
    ['mmap if arg2 & 4 == 2', /can never hold/],
    ['mmap if arg2 == 0x10000000000000000', /larger than 64 bits/],
  ];
  for (const [line, message] of wrong) {
    t.throws(
      () => parsePolicy('seccomp/x.policy', `read\n\n${line}\n`),
      { code: 'VFSD_SECCOMP_POLICY', message },
      line,
    );
    t.throws(() => parsePolicy('seccomp/x.policy', `read\n\n${line}\n`), {
      message: /seccomp\/x\.policy:3/,
    });
  }
});

t.test('--seccomp decides what happens outside of the allowlists', async (t) => {
  const texts = { start: 'ptrace', launcher: 'wait4', process: 'read', mainThread: 'open' };
  for (const mode of ['kill', 'log', 'trap'] as const) {
    const programs = assemblePrograms(texts, mode);
    t.match(programs?.process, { otherwise: mode, matched: 'allow' });
    t.match(programs?.launcher, { otherwise: mode, matched: 'allow' });
    t.match(programs?.start, { otherwise: 'allow', matched: { errno: 1 } });
    t.match(programs?.mainThread, { otherwise: 'allow', matched: { errno: 1 } });
  }
  t.equal(assemblePrograms(texts, 'none'), null);
});

t.test('the policies of this tree can be read', async (t) => {
  const directory = new URL('../../seccomp/', import.meta.url);
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.policy'))) {
    const rules = parsePolicy(`seccomp/${file}`, readFileSync(new URL(file, directory), 'utf8'));
    t.ok(rules.length > 0, file);
  }
});

t.test('what V8 asks the time by is allowed as a call, too', async (t) => {
  const file = new URL('../../seccomp/process.policy', import.meta.url);
  const calls = parsePolicy('seccomp/process.policy', readFileSync(file, 'utf8'));
  for (const syscall of ['clock_gettime', 'gettimeofday']) {
    t.ok(
      calls.some((rule) => rule.syscall === syscall && rule.conditions.length === 0),
      `${syscall}: not every machine has a vDSO that answers`,
    );
  }
});

t.test('what could clone mounts or follow a path is allowed for a descriptor alone', async (t) => {
  const file = new URL('../../seccomp/process.policy', import.meta.url);
  const rules = parsePolicy('seccomp/process.policy', readFileSync(file, 'utf8'));
  const conditionsOf = (syscall: string) =>
    rules.filter((rule) => rule.syscall === syscall).map((rule) => rule.conditions);
  const allBits = 0xffff_ffff_ffff_ffffn;
  const openTree = [{ argument: 2, mask: allBits, value: 0x8_1000n }];
  t.strictSame(conditionsOf('open_tree'), [openTree], 'neither OPEN_TREE_CLONE nor a path');
  const changeMode = [{ argument: 3, mask: allBits, value: 0x1000n }];
  t.strictSame(conditionsOf('fchmodat2'), [changeMode], 'AT_EMPTY_PATH');
});
