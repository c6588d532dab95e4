// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { addedLines } from '../../src/seccomp/added-lines.js';

t.test('a name, or a line of a policy', async (t) => {
  t.match(addedLines(['pread64', ' fcntl  if arg1 == 1032  # F_GETPIPE_SZ']), [
    { text: 'pread64', rule: { syscall: 'pread64', conditions: [] } },
    {
      text: 'fcntl if arg1 == 1032',
      reason: 'F_GETPIPE_SZ',
      rule: { syscall: 'fcntl', conditions: [{ argument: 1, value: 1032n }] },
    },
  ]);
  t.strictSame(addedLines([]), []);
});

t.test('what must not be allowed', async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /--seccomp-allow=: it is empty/],
    ['# pread64', /it is empty/],
    [
      'pread64 pwrite64',
      /--seccomp-allow=pread64 pwrite64: "pread64 pwrite64" is not a system call/,
    ],
    ['fcntl if', /not a system call's name/],
    ['execve', /it starts a program, which would undo the sandbox; --seccomp=log/],
    ['ptrace', /reaches into another process/],
    ['mount', /changes what is mounted/],
    ['setns', /enters namespaces/],
    ['unshare if arg0 == 0x10000000', /namespaces/],
    ['socket if arg0 == 1', /socket of its own/],
    ['clone3', /makes a process or a thread/],
    ['rename', /takes a path and no descriptor/],
    ['mmap', /makes memory executable/],
    ['mprotect if arg2 == 7', /makes memory executable/],
    ['open_tree', /clones mounts/],
    ['ioctl', /many calls in one: say which, as in "ioctl if arg1 == NUMBER"/],
    ['fcntl if arg2 == 1', /"fcntl if arg1 == NUMBER"/],
    ['prctl', /"prctl if arg0 == NUMBER"/],
  ];
  for (const [value, message] of wrong) {
    t.throws(() => addedLines([value]), { code: 'VFSD_CONFIG_USAGE', message }, value);
  }
});
