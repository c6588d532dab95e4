// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Explanation } from '../../src/seccomp/explanation.js';
import { roleOf } from '../../src/seccomp/roles.js';
import { policyTexts } from './policy-texts.js';

const names: Readonly<Record<number, string>> = {
  9: 'mmap',
  17: 'pread64',
  47: 'recvmsg',
  2: 'open',
  59: 'execve',
  264: 'renameat',
  332: 'statx',
  139: 'sysfs',
  462: 'mseal',
  72: 'fcntl',
  82: 'rename',
  328: 'pwritev2',
};
const binding = { nameSystemCall: (number: number) => names[number] ?? null };

interface Line {
  readonly comm?: string;
  readonly exe?: string;
  readonly arch?: string;
  readonly syscall: number;
  readonly code?: string;
}

function line({ comm = '"vfsd-data-3"', exe = '"/usr/bin/node"', ...rest }: Line): string {
  const { arch = 'c000003e', syscall, code = 'code=0x80000000' } = rest;
  const sig = code === 'code=0x80000000' ? 31 : 0;
  return (
    `[  1.5] audit: type=1326 audit(1.1:1): auid=1 uid=0 gid=0 ses=1 pid=77 comm=${comm} exe=${exe} ` +
    `sig=${sig} arch=${arch} syscall=${syscall} compat=0 ip=0x7fe995d1f829 ${code}`
  );
}

function explain(...lines: readonly Line[]): string {
  const explanation = new Explanation(binding, policyTexts);
  for (const one of lines) explanation.add(line(one));
  return explanation.text;
}

t.test('a new variant, and what to do about it', async (t) => {
  const text = explain({ syscall: 17 });
  t.match(
    text,
    'pread64 (17 on x86_64), by vfsd-data-3 of /usr/bin/node (process 77): the process was killed',
  );
  t.match(text, 'It is a thread that serves requests.');
  t.match(text, 'It looks like a new variant of preadv2');
  t.match(text, 'vfsd --seccomp-allow=pread64 …');
  t.match(text, /add this line to seccomp\/data-threads\.policy[^]*\n +pread64 +# as preadv2$/);
  const launcher = explain({ syscall: 462, comm: '"vfsd-launcher"', exe: '"/x/vfsd-launcher"' });
  t.match(launcher, 'It is the launcher.');
  t.match(launcher, 'variant of munmap');
  t.match(launcher, 'seccomp/launcher.policy');
  t.match(explain({ syscall: 462, comm: '"node"' }), 'seccomp/node-threads.policy');
  t.match(explain({ syscall: 462, comm: '"vfsd-lock-retry"' }), 'seccomp/lock-threads.policy');
});

t.test('what nothing in vfsd does', async (t) => {
  const text = explain({ syscall: 59 });
  t.match(text, 'Nothing in vfsd does this: it starts a program. Treat it as an attack');
  t.notMatch(text, '--seccomp-allow');
  t.match(explain({ syscall: 9 }), /it .*makes memory executable|keeps out what makes memory exec/);
  t.match(explain({ syscall: 9 }), 'treat it as an attack');
  t.match(
    explain({ syscall: 82 }),
    'it takes a path and no descriptor to begin from. Treat it as an attack',
  );
  t.match(explain({ syscall: 2, comm: '"node"' }), 'The main thread takes no path');
  t.match(explain({ syscall: 5, arch: '40000003' }), /5 on i386[^]*treat it as an attack/);
});

t.test('what is less plain', async (t) => {
  t.match(explain({ syscall: 47 }), /has it for the main thread[^]*find out why/);
  t.match(explain({ syscall: 139 }), /no variant[^]*man 2 sysfs/);
  t.match(explain({ syscall: 9999 }), /^unknown \(9999 on x86_64\)[^]*newer than vfsd/);
  t.match(explain({ syscall: 332 }), 'The policy of this version of vfsd has it');
  t.match(
    explain({ syscall: 328 }),
    /only where the share can be written to \(without --readonly\)/,
  );
  t.match(explain({ syscall: 72 }), /fcntl if arg1 == 36[^]*strace shows the arguments/);
});

t.test('threads of others', async (t) => {
  const text = explain({ syscall: 59, comm: '"chromium"', exe: '"/usr/bin/chromium"' });
  t.match(text, 'by chromium of /usr/bin/chromium');
  t.match(text, 'Not a thread of vfsd');
  t.notMatch(text, 'attack');
});

t.test('equal lines are counted, over the threads of a kind', async (t) => {
  const code = 'code=0x7ffc0000';
  const text = explain(
    { syscall: 17, code },
    { syscall: 17, code, comm: '"vfsd-data-11"' },
    { syscall: 59, code },
    { syscall: 17, code },
  );
  t.match(text, /^pread64 .*it was let through and logged, 3 times\n/);
  t.equal(text.split('\n\n').length, 2);
});

t.test('a terminal stays as it is, whatever a thread is called', async (t) => {
  const comm = Buffer.from('\x1b]0;é\x07').toString('hex').toUpperCase();
  const exe = Buffer.from('/tmp/a\nb\\').toString('hex').toUpperCase();
  const text = explain({ syscall: 59, comm, exe });
  t.match(text, String.raw`\x1b]0;\xc3\xa9\x07 of /tmp/a\x0ab\x5c`);
  // eslint-disable-next-line no-control-regex
  t.notMatch(text.replaceAll('\n', ''), /[\x00-\x1f\x7f-\x9f]/);
});

t.test('a line without names', async (t) => {
  const explanation = new Explanation(binding, policyTexts);
  explanation.add('something else');
  t.equal(explanation.isEmpty, true);
  explanation.add('arch=c000003e syscall=17');
  t.match(explanation.text, /by a thread that the line does not name: what became of it/);
  t.match(explanation.text, 'variant of');
});

t.test('whose thread it is', async (t) => {
  for (const [thread, program, role] of [
    ['vfsd-data-12', '/usr/bin/node', 'data'],
    ['vfsd-lock-0', null, 'lock'],
    ['vfsd-launcher', '/opt/vfsd/build/Release/vfsd-launcher', 'launcher'],
    ['vfsd-proxy-help', '/opt/vfsd/build/Release/vfsd-proxy-helper', 'proxy-helper'],
    ['node', '/usr/bin/node', 'main'],
    ['MainThread', '/usr/bin/node', 'main'],
    ['node-MainThread', '/usr/local/bin/node', 'main'],
    ['libuv-worker', '/usr/bin/node', 'node'],
    ['DelayedTaskSche', '/usr/bin/node', 'node'],
    ['node', '/usr/bin/python3', null],
    ['bash', '/bin/bash', null],
    [null, '/usr/bin/node', null],
  ] as const) {
    t.equal(roleOf(thread, program), role, `${String(thread)} of ${String(program)}`);
  }
});
