// SPDX-License-Identifier: Apache-2.0

// `vfsd seccomp` as its users meet it.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parsePolicyLines } from '../../src/seccomp/parse-policy.js';
import { allowedLines, roles, type Role } from '../../src/seccomp/roles.js';
import { policyTexts } from '../seccomp/policy-texts.js';
import { vfsdCommand } from './daemon.js';

const environment = { ...process.env, NODE_OPTIONS: '' };

function run(args: readonly string[], input = '') {
  const options = { encoding: 'utf8', env: environment, timeout: 10_000, input } as const;
  const { status, stdout, stderr } = spawnSync(vfsdCommand, ['seccomp', ...args], options);
  return { status, stdout, stderr };
}

// As Linux 6.18 has written it, of a daemon whose policy had been made too short.
const line =
  '[  779.863051] audit: type=1326 audit(1796081385.567:3): auid=4294967295 uid=0 gid=0 ses=4294967295 ' +
  'pid=9938 comm="vfsd-data-3" exe="/usr/bin/node" sig=31 arch=c000003e syscall=17 compat=0 ' +
  'ip=0x7fe995d1f829 code=0x80000000';

t.test('explain takes standard input, a file, a line, and what a shell makes of one', async (t) => {
  const file = join(t.testdir({}), 'log');
  writeFileSync(file, `something else\n${line}\n`);
  const expected = run(['explain'], `${line}\nsomething else`);
  t.match(expected, { status: 0, stderr: '' });
  t.match(expected.stdout, /^pread64 \(17 on x86_64\), by vfsd-data-3 of \/usr\/bin\/node/);
  for (const [args, input] of [
    [['-'], `${line}\r\n`],
    [[file], ''],
    [[line], ''],
    [line.split(' '), ''],
  ] as const) {
    t.strictSame(run(['explain', ...args], input), expected);
  }
});

t.test('explain knows the calls of the other architecture', async (t) => {
  const arm = line.replace('arch=c000003e syscall=17', 'arch=c00000b7 syscall=67');
  t.match(run(['explain', arm]).stdout, /^pread64 \(67 on aarch64\)/);
});

t.test('explain without anything to explain', async (t) => {
  const nothing = run(['explain'], 'something else\n');
  t.match(nothing, { status: 1, stdout: '', stderr: /^vfsd: no line about a refused/ });
  const missing = run(['explain', '/no/such/file']);
  t.equal(missing.status, 1);
  t.match(
    missing.stderr,
    /^vfsd: error: cannot read \/no\/such\/file: open: no such file[^\n]*\n$/,
  );
});

function shown(role: Role, ...options: readonly string[]) {
  const { status, stdout } = run(['show', `--role=${role}`, ...options]);
  t.equal(status, 0);
  return parsePolicyLines('shown', stdout);
}

t.test('show prints policies, which can be read as such', async (t) => {
  for (const role of roles) {
    const texts = shown(role, '--arch=x86_64', '--xattr', '--flock').map(({ text }) => text);
    t.strictSame(
      texts,
      allowedLines(role, policyTexts).map(({ text }) => text),
      role,
    );
  }
  const all = run(['show', '--arch=x86_64']);
  for (const role of roles) t.match(all.stdout, `# ${role}: `);
  t.match(all.stdout, /^openat +# 257: LOOKUP/m);
});

t.test('show knows what the architecture has, and what the options change', async (t) => {
  const names = (lines: ReturnType<typeof shown>) => lines.map(({ rule }) => rule.syscall);
  t.notOk(names(shown('data', '--arch', 'aarch64')).includes('epoll_wait'));
  t.ok(names(shown('data', '--arch=x86_64')).includes('epoll_wait'));
  t.match(run(['show', '--role=data', '--arch=aarch64']).stdout, /^openat +# 56: LOOKUP/m);
  t.notOk(names(shown('data')).includes('pread64'));
  const narrow = names(shown('data', '--readonly', '--inode-file-handles=never'));
  for (const name of ['pwritev2', 'unlinkat', 'flock', 'getxattr', 'open_by_handle_at']) {
    t.notOk(narrow.includes(name), name);
  }
  t.ok(names(shown('data', '--xattr', '--flock')).includes('getxattr'));
  const options = ['--shared-dir=/srv', '--fd=5', '--seccomp-allow=pread64', '--seccomp=log'];
  for (const role of roles) {
    const isDaemons = role !== 'proxy-helper';
    t.equal(names(shown(role, ...options)).includes('pread64'), isDaemons, role);
  }
  t.match(run(['show', ...options]).stdout, 'Any other call is let through and logged.');
});

t.test('a wrong use is one line and a status', async (t) => {
  for (const [args, says] of [
    [['list'], /there are "explain" and "show"/],
    [['show', '--role=king'], /--role=king is not one of launcher, main/],
    [['show', '--arch=vax'], /--arch=vax is not one of x86_64, aarch64/],
    [['show', '--role=data', '--role=lock'], /--role is given twice/],
    [['show', '--seccomp-allow=ptrace'], /reaches into another process/],
    [['show', '--no-such-option'], /no-such-option/],
    [['explain', 'a', 'b'], /one file, or a line/],
  ] as const) {
    const { status, stderr, stdout } = run(args);
    t.equal(status, 1, args.join(' '));
    t.match(stderr, /^[^\n]+\n$/);
    t.match(stderr, says);
    t.equal(stdout, '');
  }
  for (const args of [[], ['--help'], ['explain', '--help']]) {
    t.match(run(args), { status: 0, stderr: '', stdout: /^Usage: vfsd seccomp explain/ });
  }
});
