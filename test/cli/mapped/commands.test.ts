// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped` as its users meet it. */

import { spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { accessList, setAttribute, setTimes } from '../../mapped/real-tree.js';

const vfsd = fileURLToPath(new URL('../../../bin/vfsd', import.meta.url));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function mapped(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(vfsd, ['mapped', ...args], {
    encoding: 'latin1',
    timeout: 30_000,
    env: { ...process.env, TZ: 'UTC' },
  });
  return { status, stdout, stderr };
}

const second = 1_000_000_000n;

interface Kept {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly rdev?: number;
}

function object(directory: string, name: string, kept: Kept, content = ''): void {
  writeFileSync(join(directory, name), content);
  setTimes(join(directory, name), second, 1_000_000_000n * second);
  keep(directory, name, kept);
}

function keep(directory: string, name: string, kept: Kept): void {
  const metadata = join(directory, '.virtfs_metadata');
  mkdirSync(metadata, { recursive: true });
  const lines = Object.entries(kept).map(([field, value]) => `virtfs.${field}=${String(value)}\n`);
  writeFileSync(join(metadata, name), lines.join(''));
}

/** A tree of mapped-file. */
function tree(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'vfsd-mapped-'));
  t.teardown(() => {
    rmSync(path, { recursive: true });
  });
  object(path, 'su', { uid: 0, gid: 7, mode: 0o104755 }, 'x'.repeat(5000));
  object(path, 'null', { uid: 0, gid: 0, mode: 0o20666, rdev: 0x103 });
  object(path, 'link\n', { uid: 5, gid: 6, mode: 0o120777 }, 'to \x1b[31m');
  object(path, '.dot', { uid: 1000, gid: 1000, mode: 0o100600 });
  mkdirSync(join(path, 'd'));
  keep(path, 'd', { uid: 1000, gid: 1000, mode: 0o41777 });
  object(join(path, 'd'), 'fifo', { uid: 1000, gid: 1000, mode: 0o10644 });
  setTimes(join(path, 'd'), second, 1_000_000_000n * second);
  return path;
}

t.test('ls shows what ls -l shows in the guest', async (t) => {
  const path = tree(t);
  t.same(mapped('ls', path), {
    status: 0,
    stdout: [
      'drwxrwxrwt   3  1000  1000      4096 2001-09-09 01:46 d',
      'lrwxrwxrwx   1     5     6         8 2001-09-09 01:46 link\\n -> to\\ \\033[31m',
      'crw-rw-rw-   1     0     0      1, 3 2001-09-09 01:46 null',
      '-rwsr-xr-x   1     0     7      5000 2001-09-09 01:46 su',
      '',
    ].join('\n'),
    stderr: '',
  });
  const all = mapped('ls', '-aR', path).stdout;
  t.match(all, / \.\n.* \.dot\n.* d\nprw-r--r-- .* d\/fifo\n/);
  t.notMatch(all, 'virtfs');
});

t.test('ls of one object finds its metadata, wherever it is', async (t) => {
  const path = tree(t);
  t.match(mapped('ls', join(path, 'd/fifo')).stdout, /^prw-r--r-- +1 +1000 /);
  t.match(mapped('ls', join(path, 'd')).stdout, /^prw-r--r-- .* fifo\n$/, 'a directory of a tree');
  t.match(mapped('ls', '-a', join(path, 'd')).stdout, /^drwxrwxrwt .* \.\n/, 'with its own');
});

t.test('stat shows the guest beside the host, and what is kept', async (t) => {
  const path = tree(t);
  const { uid, gid } = statSync(path);
  const { stdout, status } = mapped('stat', join(path, 'null'));
  t.equal(status, 0);
  for (const line of [
    /^ {2}security model {2}mapped-file$/m,
    /^ {2}type +character device +regular file$/m,
    /^ {2}mode +crw-rw-rw- 020666 +-rw-r--r-- 0100644$/m,
    new RegExp(`^ {2}owner +0:0 +${uid}:${gid}$`, 'm'),
    /^ {2}device +1, 3 +-$/m,
    /^ {2}modified +2001-09-09T01:46:40\.000000000Z$/m,
    /^ {2}metadata +virtfs\.uid=0 virtfs\.gid=0 virtfs\.mode=8630 virtfs\.rdev=259$/m,
  ]) {
    t.match(stdout, line);
  }
});

t.test('stat takes access control lists apart', async (t) => {
  const path = tree(t);
  setAttribute(join(path, 'su'), 'user.virtfs.system.posix_acl_access', accessList);
  setAttribute(join(path, 'su'), 'user.virtfs.uid', Buffer.from([1, 0, 0, 0]));
  const { stdout } = mapped('stat', '--security-model=mapped-xattr', join(path, 'su'));
  t.match(stdout, /ACL access +user::rw-,user:1000:rwx,group::r--,mask::rwx,other::r--\n/);
  t.match(stdout, /attribute +user\.virtfs\.uid = 0x01000000 \(4 bytes\)\n/);
});

t.test('du adds up by directory and by owner, and counts a file of two names once', async (t) => {
  const path = tree(t);
  const without = mapped('du', '-s', path).stdout;
  linkSync(join(path, 'su'), join(path, 'd/again'));
  linkSync(join(path, '.virtfs_metadata/su'), join(path, 'd/.virtfs_metadata/again'));
  t.equal(mapped('du', '-s', path).stdout, without);
  t.match(mapped('du', path).stdout, new RegExp(`^\\d+\\t${path}/d\\n\\d+\\t${path}\\n$`));
  const owners = mapped('du', '--by-owner', path).stdout;
  t.match(owners, /^\d+\tuid 0\t[34] objects$/m);
  t.match(owners, /^\d+\tuid 1000\t3 objects$/m);
  t.match(mapped('du', '-sh', path).stdout, /KiB\t/);
});

t.test('find finds by owner, type, permissions and name, all at once', async (t) => {
  const path = tree(t);
  const found = (...args: readonly string[]): readonly string[] =>
    mapped('find', path, ...args)
      .stdout.split('\n')
      .slice(0, -1)
      .map((line) => line.slice(path.length + 1));
  t.same(found('--perm=-4000', '--uid=0'), ['su']);
  t.same(found('--perm=/6000'), ['su']);
  t.same(found('--perm', '0600', '--gid', '1000'), ['.dot']);
  t.same(found('--type=cp'), ['d/fifo', 'null']);
  t.same(found('--type=l'), ['link\\n']);
  t.same(found('--name=*u*'), ['null', 'su']);
  t.same(found('--uid=77'), []);
  t.equal(mapped('find', path, '--type=l', '-0').stdout, `${path}/link\n\0`);
});

t.test('who reads no further ends the listing, and that is no failure', async (t) => {
  const path = tree(t);
  for (let count = 0; count < 3000; count++)
    writeFileSync(join(path, `${count}-${'x'.repeat(200)}`), '');
  const script = `"$0" mapped find "$1" | head -n 1; exit "\${PIPESTATUS[0]}"`;
  const { status, stderr } = spawnSync('bash', ['-c', script, vfsd, path], { encoding: 'utf8' });
  t.same({ status, stderr }, { status: 0, stderr: '' });
});

t.test('the model is found out, or asked for', async (t) => {
  const path = tree(t);
  const other = join(path, 'd/other');
  mkdirSync(other);
  writeFileSync(join(other, 'x'), '');
  const { status, stderr } = mapped('ls', other);
  t.equal(status, 1);
  t.match(stderr, /cannot tell the security model of .*--security-model=.*\[VFSD_MAPPED_MODEL\]/);
  t.equal(mapped('ls', '--security-model=passthrough', other).status, 0);
  setAttribute(join(other, 'x'), 'user.virtfs.uid', Buffer.from([9, 0, 0, 0]));
  t.match(mapped('ls', other).stdout, /^-rw-r--r-- +1 +9 /);
});

t.test('check answers by its status, and in JSON', async (t) => {
  const path = tree(t);
  t.same(mapped('check', path), { status: 0, stdout: '', stderr: '' });
  t.same(mapped('check', '--json', path), { status: 0, stdout: '[]\n', stderr: '' });
  symlinkSync('/etc', join(path, 'etc'));
  writeFileSync(join(path, '.virtfs_metadata/gone'), '');
  const { status, stdout } = mapped('check', '--json', path);
  t.equal(status, 1);
  t.match(JSON.parse(stdout), [
    { path: 'etc', kind: 'host-special', repair: null, mended: false },
    { path: '.virtfs_metadata/gone', kind: 'orphan', mended: false },
  ]);
  t.match(mapped('check', '--repair', path).stdout, /gone: .*; mended: removes it\n/);
  t.equal(mapped('check', path).stdout.split('\n').length, 2);
});

t.test('convert says what it would do, does it, and says that all is as before', async (t) => {
  const path = tree(t);
  const to = ['--from=mapped-file', '--to=mapped', path];
  const before = mapped('ls', '-aR', path).stdout.replaceAll(/^d.*$/gm, '');
  t.match(mapped('convert', '--dry-run', ...to), {
    status: 0,
    stdout: 'would convert 7 objects from mapped-file to mapped-xattr: 2 directories, 0 objects of',
    stderr: '',
  });
  t.same(mapped('convert', ...to), { status: 0, stdout: '7 objects, all as before\n', stderr: '' });
  t.equal(mapped('ls', '-aR', path).stdout.replaceAll(/^d.*$/gm, ''), before);
  t.equal(readFileSync(join(path, 'link\n'), 'latin1'), 'to \x1b[31m');
  t.equal(statSync(join(path, 'su')).mode, 0o100600);
});

for (const [what, args, problem] of [
  ['an unknown subcommand', ['mv', 'x'], 'there are ls, stat, du, find, check, convert'],
  ['an unknown option', ['ls', '-z', '.'], 'there is no -z'],
  ['no path', ['ls'], 'name a PATH'],
  ['two trees', ['check', '.', '.'], 'name one PATH'],
  ['an unknown model', ['ls', '--security-model=none', '.'], 'is not one of'],
  ['no target model', ['convert', '--from=passthrough', '.'], 'give --to=MODEL'],
  ['one model twice', ['convert', '--from=mapped', '--to=mapped-xattr', '.'], 'are both'],
  ['a mode that is none', ['find', '.', '--perm=rwx'], 'is no mode'],
  ['a type that is none', ['find', '.', '--type=x'], 'is not made of'],
  ['an id that is none', ['find', '.', '--uid=root'], 'is no number'],
  ['an option twice', ['find', '.', '--uid=1', '--uid=2'], 'is given twice'],
  ['an option without its value', ['find', '.', '--uid'], 'needs a value'],
  ['what is not there', ['ls', '/nowhere/at/all'], 'no such file or directory'],
] as const) {
  t.test(`${what} is one line and status 1`, async (t) => {
    const { status, stdout, stderr } = mapped(...args);
    t.equal(status, 1);
    t.equal(stdout, '');
    t.match(stderr, problem);
    t.match(stderr, /^[^\n]*\[VFSD_[A-Z_]+\]\n$/);
  });
}

t.test('help names every subcommand', async (t) => {
  const { status, stdout } = mapped('--help');
  t.equal(status, 0);
  for (const name of ['ls', 'stat', 'du', 'find', 'check', 'convert']) {
    t.match(stdout, new RegExp(`^${name} `, 'm'));
  }
  t.ok(stdout.split('\n').every((line) => line.length <= 100));
});
