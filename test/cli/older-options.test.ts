// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { givenOptions } from '../../src/cli/given-options.js';
import { withoutOlderOptions } from '../../src/cli/older-options.js';
import { validate } from '../../src/config/validate.js';

t.test('libvirt’s line for a daemon without separate options', async (t) => {
  const config = validate(
    await givenOptions([
      ...['--fd=7', '-o', 'source=/srv/a,,b=c,cache=none,sandbox=chroot,xattr,flock,no_posix_lock'],
      ...['--thread-pool-size=4', '-d'],
    ]),
  );
  t.match(config, {
    sharedDir: '/srv/a,b=c',
    cache: 'never',
    sandbox: 'chroot',
    xattr: true,
    flock: true,
    posixLock: false,
    threadPoolSize: 4,
    logLevel: 'debug',
  });
});

t.test('each of the older options is one of today’s, or what is done anyway', async (t) => {
  const cases: readonly [string, readonly string[]][] = [
    ['source=/x', ['--shared-dir=/x']],
    ['cache=always', ['--cache=always']],
    ['log_level=err', ['--log-level=error']],
    ['timeout=1.5', ['--entry-timeout=1.5', '--attr-timeout=1.5']],
    ['xattrmap=:map::user.x.:', ['--xattrmap=:map::user.x.:']],
    ['modcaps=+sys_admin', ['--modcaps=+sys_admin']],
    ['no_killpriv_v2,writeback', ['--no-killpriv-v2', '--writeback']],
    ['posix_acl', ['--posix-acl=auto']],
    ['no_xattr,readdirplus,max_idle_threads=3', []],
  ];
  for (const [list, expanded] of cases) {
    t.same(withoutOlderOptions(['-o', list]), expanded, list);
    t.same(withoutOlderOptions([`-o${list}`]), expanded, `-o${list}`);
  }
  t.same(withoutOlderOptions(['-f', '--tag=a']), ['--tag=a']);
});

t.test('what there never was is refused', async (t) => {
  for (const list of ['', 'nonsense', 'cache', 'xattr=1', 'allow_other']) {
    t.throws(() => withoutOlderOptions(['-o', list]), { code: 'VFSD_CONFIG_USAGE' }, list);
  }
});

t.test('kata’s lines', async (t) => {
  t.match(
    validate(
      await givenOptions([
        '--syslog',
        '--cache=auto',
        '--shared-dir=/srv',
        '--fd=3',
        '--thread-pool-size=1',
        '--announce-submounts',
      ]),
    ),
    { logFormat: 'syslog', cache: 'auto', threadPoolSize: 1, announceSubmounts: true },
  );
  const socket = ['--socket-path', '/run/v.sock', '--shared-dir', '/srv', '--cache', 'never'];
  t.match(validate(await givenOptions([...socket, '--xattr', '--thread-pool-size=1'])), {
    socket: { kind: 'path', path: '/run/v.sock' },
    xattr: true,
  });
});
