// SPDX-License-Identifier: Apache-2.0

// The filters of each kind of thread, loaded as there, by a process that tries what it must not.

import t from 'tap';
import { loadBinding, unwrap } from '../../src/native/binding.js';
import type { Fd, SeccompProgram } from '../../src/native/types.js';
import { architectureNumber, nativeArchitecture } from '../../src/seccomp/architecture.js';
import { parsePolicy } from '../../src/seccomp/parse-policy.js';
import { assemblePrograms, type SeccompPrograms } from '../../src/seccomp/programs.js';
import { policyTexts } from '../seccomp/policy-texts.js';
import { native } from './native.js';

const binding = loadBinding();
const architecture = architectureNumber(nativeArchitecture(process.arch) ?? 'x86_64');
const added = parsePolicy('--seccomp-allow', 'getcpu');

/** Behind the first filter, which all have. */
const filtersOf: Readonly<Record<string, readonly (keyof SeccompPrograms)[]>> = {
  data: ['process', 'dataThreads'],
  lock: ['process', 'lockThreads'],
  main: ['process', 'mainThread'],
  node: ['process'],
  launcher: ['launcher'],
};

function compileAll(programs: SeccompPrograms | null): Readonly<Record<string, readonly Fd[]>> {
  if (programs === null) throw new Error('there are no programs');
  const compile = (program: SeccompProgram) =>
    unwrap(binding.compileSeccomp(program), 'VFSD_SECCOMP_POLICY', 'test');
  const start = compile(programs.start);
  return Object.fromEntries(
    Object.entries(filtersOf).map(([role, names]) => [
      role,
      [...(role === 'launcher' ? [] : [start]), ...names.map((name) => compile(programs[name]))],
    ]),
  );
}

// The end is the same as with `kill`, but the kernel writes no line for each: it writes only so many.
const killing = compileAll(assemblePrograms(policyTexts, 'trap'));
const extended = compileAll(assemblePrograms(policyTexts, 'trap', added));

function call(
  filters: Readonly<Record<string, readonly Fd[]>>,
  role: string,
  name: string,
  ...args: readonly number[]
): number | null {
  const number = binding.findSystemCall(name, architecture);
  if (typeof number !== 'number') throw new Error(`${name} is not on this machine`);
  return native.callUnderFilters(filters[role] ?? [], `test-${role}`, number, args);
}

const [EPERM, EBADF] = [-1, -9];
const killed = null;
const AF_UNIX = 1;
const [PROT_READ, PROT_EXEC, MAP_ANONYMOUS] = [1, 4, 0x22];
const [F_GETFL, F_OFD_SETLK, F_OFD_SETLKW] = [3, 37, 38];
const [FS_IOC_GETFLAGS, FIONBIO, TIOCSTI] = [0x8008_6601, 0x5421, 0x5412];

t.test('what each kind of thread is ended for, and what it may', async (t) => {
  const cases: readonly (readonly [
    string,
    readonly [string, ...number[]],
    Readonly<Record<string, number | null>>,
  ])[] = [
    [
      'a socket',
      ['socket', AF_UNIX, 1],
      { data: killed, lock: killed, main: killed, node: killed },
    ],
    ['a program', ['execveat', -1], { data: killed, lock: killed, main: killed, launcher: killed }],
    ['a thread', ['clone', 0x10f00], { data: killed, lock: killed, main: killed, node: killed }],
    ['a signal', ['kill', 1, 0], { data: killed, lock: killed, main: killed, launcher: killed }],
    ['a mount', ['mount'], { data: killed, lock: killed, main: killed, node: killed }],
    [
      'a message',
      ['recvmsg', -1],
      { data: killed, lock: killed, main: EBADF, node: EBADF, launcher: killed },
    ],
    ['a path', ['openat', -1, 0], { data: -14, lock: killed, main: EPERM, launcher: killed }],
    ['a file', ['preadv2', -1], { data: EBADF, lock: killed, main: EPERM, launcher: killed }],
    ['a descriptor', ['close', -1], { data: EBADF, lock: EBADF, main: EBADF, launcher: EBADF }],
    [
      'executable memory',
      ['mmap', 0, 4096, PROT_READ | PROT_EXEC, MAP_ANONYMOUS, -1, 0],
      { data: killed, lock: killed, main: killed, node: killed, launcher: killed },
    ],
    [
      'memory that becomes executable',
      ['mprotect', 0, 0, PROT_READ | PROT_EXEC],
      { data: killed, lock: killed, main: killed, node: killed },
    ],
    // Node does not wait for all of its threads to have begun.
    [
      'the beginning of a thread',
      ['set_robust_list', 0, 24],
      { data: killed, main: EPERM, node: 0 },
    ],
    ['harmless memory', ['mprotect', 0, 0, PROT_READ], { data: 0, lock: 0, main: 0, node: 0 }],
    ['flags of a file', ['ioctl', -1, FS_IOC_GETFLAGS], { data: EBADF, lock: killed, main: EPERM }],
    ['a non-blocking one', ['ioctl', -1, FIONBIO], { data: killed, lock: killed, main: EBADF }],
    [
      'a keystroke',
      ['ioctl', -1, TIOCSTI],
      { data: killed, lock: killed, main: killed, node: killed },
    ],
    ['a lock', ['fcntl', -1, F_OFD_SETLK], { data: EBADF, lock: EBADF, main: EPERM }],
    ['a lock that waits', ['fcntl', -1, F_OFD_SETLKW], { data: killed, lock: EBADF, main: EPERM }],
    ['flags of a descriptor', ['fcntl', -1, F_GETFL], { data: killed, lock: killed, main: EBADF }],
    [
      'a further filter',
      ['seccomp', 1, 0, 0],
      { data: killed, lock: killed, main: EPERM, launcher: killed },
    ],
    [
      'the process’s name',
      ['prctl', 15, 0],
      { data: killed, lock: killed, main: EPERM, launcher: killed },
    ],
  ];
  for (const [what, [name, ...args], expected] of cases) {
    const answers = Object.keys(expected).map((role) => [role, call(killing, role, name, ...args)]);
    t.strictSame(Object.fromEntries(answers), expected, what);
  }
});

t.test('--seccomp-allow is for all of them', async (t) => {
  for (const role of Object.keys(filtersOf)) {
    t.equal(call(killing, role, 'getcpu', 0, 0, 0), killed, role);
    t.equal(call(extended, role, 'getcpu', 0, 0, 0), 0, role);
  }
});
