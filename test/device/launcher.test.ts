// SPDX-License-Identifier: Apache-2.0

// The launcher by itself, with another program than Node as the worker: what only that program can see or miss.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import t from 'tap';
import { Workplace } from './daemon.js';
import { projectRoot } from './native.js';

const capsh = '/usr/sbin/capsh';
const program = join(projectRoot, 'build/Release/vfsd-launcher');
const kept = '0x880000db';
const ordinaryUser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

interface Start {
  readonly share: string;
  readonly options?: readonly string[];
  readonly wrapper?: readonly string[];
  readonly worker: readonly string[];
}

function launch({ share, options = [], wrapper = [], worker }: Start) {
  // The worker looks at none of these descriptors.
  const needed = [`--shared-dir=${share}`, '--listen-fd=0'];
  const [command = '', ...rest] = [...wrapper, program, ...needed, ...options, '--', ...worker];
  return spawnSync(command, rest, { encoding: 'utf8', env: {}, timeout: 10_000 });
}

function notRoot(...needed: readonly string[]): string | false {
  if (getuid?.() !== 0) return 'not root';
  return needed.find((path) => !existsSync(path))?.concat(' is missing') ?? false;
}

t.test(
  'the worker has its capabilities, whoever it acts as',
  { skip: notRoot(capsh) },
  async (t) => {
    const workplace = new Workplace();
    t.teardown(() => {
      workplace.remove();
    });
    const map = ['--user-namespace', '--uid-map=0:300000:10', '--gid-map=0:300000:10'];
    for (const options of [
      ['--sandbox=namespace'],
      ['--sandbox=namespace', '--user-namespace'],
      ['--sandbox=namespace', ...map],
      ['--sandbox=chroot'],
      ['--sandbox=none'],
    ]) {
      // It ends at once, which the launcher may notice on the way and complain about.
      const { stdout } = launch({
        share: workplace.share,
        options: [...options, `--capabilities=${kept}`],
        worker: [capsh, '--print'],
      });
      const how = options.join(' ');
      t.match(
        stdout,
        'Current: cap_chown,cap_dac_override,cap_fowner,cap_fsetid,cap_setgid,cap_setuid,cap_mknod,cap_setfcap=ep\n',
        `${how}: permitted and effective`,
      );
      t.match(stdout, / secure-no-suid-fixup: yes \(locked\)\n/, `${how}: separate from its ids`);
      t.match(stdout, /secure-noroot: no/);
      t.match(stdout, /^uid=0\(root\) euid=0\(root\)\ngid=0\(root\)\ngroups=\n/m, how);
    }
  },
);

t.test('the worker finds SIGPIPE as any program does', async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  const { stdout } = launch({
    share: workplace.share,
    options: ['--sandbox=none'],
    worker: ['/bin/grep', 'SigIgn', '/proc/self/status'],
  });
  const [, ignored = ''] = /^SigIgn:\t([0-9a-f]{16})\n/.exec(stdout) ?? [];
  t.not(ignored, '', stdout);
  t.equal(BigInt(`0x${ignored}`) & (1n << BigInt(constants.signals.SIGPIPE - 1)), 0n);
});

t.test('without capabilities there is nothing to separate', { skip: notRoot(capsh) }, async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  chmodSync(workplace.path, 0o755);
  const { stdout } = launch({
    share: workplace.share,
    wrapper: ordinaryUser,
    options: ['--sandbox=none', '--capabilities=0'],
    worker: [capsh, '--print'],
  });
  t.match(stdout, /^Current: =\n/);
  t.match(stdout, / secure-no-suid-fixup: no/);
});

t.test('program files that another user cannot read', { skip: notRoot() }, async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  const bundle = join(workplace.path, 'bundle.js');
  mkdirSync(workplace.share, { recursive: true });
  writeFileSync(bundle, '');
  const map = ['--user-namespace', '--uid-map=0:300000:10', '--gid-map=0:300000:10'];
  const { stderr, status } = launch({
    share: workplace.share,
    options: ['--sandbox=namespace', ...map, `--capabilities=${kept}`],
    worker: ['/bin/cat', bundle],
  });
  t.match(stderr, /^vfsd: \S+bundle.js: Permission denied; the user who is 0 by --uid-map must/);
  t.not(status, 0);
});

t.test('a share without file handles', { skip: notRoot() }, async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  const options = ['--sandbox=none', '--require-file-handles', `--capabilities=${kept}`];
  const worker = ['/bin/echo', 'started'];
  t.equal(launch({ share: workplace.share, options, worker }).stdout, 'started\n');
  const refused = launch({ share: '/proc/self', options, worker });
  t.equal(refused.stdout, '');
  t.match(refused.stderr, /^vfsd: a file handle for \/proc\/self: .*gives none/);
  t.equal(refused.status, 1);
});

t.test('what is no range of ids is not understood', async (t) => {
  for (const range of ['', '0:1', '0:1:', '0:1:2:', '0:1:x', '-1:0:1:1', '0:1:4294967296']) {
    const { status, stderr } = launch({
      share: '/',
      options: [`--uid-map=${range}`],
      worker: ['/bin/true'],
    });
    t.equal(status, 1, range);
    t.match(stderr, `bad argument --uid-map=${range}\n`);
  }
});
