// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import type { SeccompProgram } from '../../src/native/types.js';
import { parsePolicy, parsePolicyLines, type Feature } from '../../src/seccomp/parse-policy.js';
import { assemblePrograms, type PolicyTexts } from '../../src/seccomp/programs.js';

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
    ['read with magic', /"magic" is not one of the features writing, locks/],
    ['read with', /not a system call's name/],
    ['mmap with writing if arg2 == 0', /not a system call's name/],
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

t.test('what people read of a line', async (t) => {
  const text = [
    'read  # every byte',
    'mmap   if arg2 & 4 == 0# rare: one #1 heap',
    'futex',
    '# rare: no rule',
  ].join('\n');
  t.match(parsePolicyLines('seccomp/x.policy', text), [
    { text: 'read', reason: 'every byte', isRare: false, rule: { syscall: 'read' } },
    { text: 'mmap if arg2 & 4 == 0', reason: 'one #1 heap', isRare: true },
    { text: 'futex', reason: '', isRare: false },
  ]);
});

t.test('what has a feature is left out where that is not wanted', async (t) => {
  const text = 'read\npwritev2 with writing # WRITE\nfcntl if arg1 == 36 and arg0 == 1 with locks';
  const read = (...wanted: readonly Feature[]) =>
    parsePolicy('seccomp/x.policy', text, new Set(wanted)).map(({ syscall }) => syscall);
  t.strictSame(read(), ['read']);
  t.strictSame(read('writing'), ['read', 'pwritev2']);
  t.strictSame(read('locks', 'xattr'), ['read', 'fcntl']);
  t.match(parsePolicyLines('seccomp/x.policy', text), [
    { feature: null },
    { feature: 'writing', reason: 'WRITE', text: 'pwritev2 with writing' },
    { feature: 'locks', rule: { conditions: [{ argument: 1 }, { argument: 0, value: 1n }] } },
  ]);
});

const texts: PolicyTexts = {
  start: 'ptrace',
  launcher: 'wait4',
  nodeThreads: 'recvmsg\nwrite\nmmap if arg2 & 4 == 0',
  dataThreads: 'openat\nwrite\nfcntl if arg1 == 36',
  lockThreads: 'write\nfcntl if arg1 == 38',
  mainThread: 'open\nopenat\nfcntl if arg1 == 36',
  proxyHelper: 'read',
};

const callsOf = (program: SeccompProgram | undefined) =>
  program?.rules.map(({ syscall, conditions }) =>
    [syscall, ...conditions.map(({ value }) => value)].join(' '),
  );

t.test('--seccomp decides what happens outside of the allowlists', async (t) => {
  for (const mode of ['kill', 'log', 'trap'] as const) {
    const programs = assemblePrograms(texts, mode);
    for (const allowList of ['launcher', 'process', 'dataThreads', 'lockThreads'] as const) {
      t.match(programs?.[allowList], { otherwise: mode, matched: 'allow' }, allowList);
    }
    t.match(programs?.start, { otherwise: 'allow', matched: { errno: 1 } });
    t.match(programs?.mainThread, { otherwise: 'allow', matched: { errno: 1 } });
  }
  t.equal(assemblePrograms(texts, 'none'), null);
});

t.test('the process may do what any of its threads may, and each thread less', async (t) => {
  const programs = assemblePrograms(texts, 'kill');
  t.strictSame(callsOf(programs?.process), [
    ...['recvmsg', 'write', 'mmap 0', 'openat', 'fcntl 36', 'fcntl 38'],
  ]);
  t.strictSame(callsOf(programs?.dataThreads), ['openat', 'write', 'fcntl 36']);
  t.strictSame(callsOf(programs?.lockThreads), ['write', 'fcntl 38']);
  t.strictSame(callsOf(programs?.mainThread), ['open', 'openat', 'fcntl 36']);
});

t.test('the filter of the process has what the options need, and no more', async (t) => {
  const conditional = { ...texts, dataThreads: 'openat\npwritev2 with writing\nflock with locks' };
  const process = (...features: readonly Feature[]) =>
    callsOf(assemblePrograms(conditional, 'kill', [], new Set(features))?.process);
  const always = ['recvmsg', 'write', 'mmap 0', 'openat'];
  t.strictSame(process(), always);
  t.strictSame(process('writing'), [...always, 'pwritev2']);
  t.strictSame(process('locks'), [...always, 'flock', 'fcntl 38'], 'with the threads that wait');
});

t.test('what is added is in every allow list, and in no other', async (t) => {
  const added = parsePolicy('x', 'pread64\nfcntl if arg1 == 9\nopenat');
  const programs = assemblePrograms(texts, 'kill', added);
  for (const allowList of ['launcher', 'process', 'dataThreads', 'lockThreads'] as const) {
    const calls = callsOf(programs?.[allowList]) ?? [];
    for (const call of ['pread64', 'fcntl 9', 'openat']) {
      t.equal(calls.filter((other) => other === call).length, 1, `${allowList}: ${call}`);
    }
  }
  t.strictSame(callsOf(programs?.mainThread), ['open', 'openat', 'fcntl 36']);
  t.strictSame(callsOf(programs?.start), ['ptrace']);
});

t.test('a call that is allowed in any case needs no condition', async (t) => {
  const programs = assemblePrograms(texts, 'kill', parsePolicy('x', 'fcntl'));
  t.strictSame(callsOf(programs?.lockThreads), ['write', 'fcntl']);
});
