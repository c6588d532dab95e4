// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import t from 'tap';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { decodeConfig, encodeConfig, type DaemonConfig } from '../../src/config/config.js';
import { validate } from '../../src/config/validate.js';

const share = '--shared-dir=/srv';
const socket = '--socket-path=/run/x.sock';

async function configOf(...args: string[]): Promise<DaemonConfig> {
  return validate(await parseArguments(args));
}

t.test('the defaults', async (t) => {
  t.same(await configOf(share, socket), {
    sharedDir: '/srv',
    socket: { kind: 'path', path: '/run/x.sock', group: null },
    tag: null,
    sandbox: 'namespace',
    seccomp: 'kill',
    cache: 'auto',
    threadPoolSize: 8,
    requestQueues: 8,
    xattr: false,
    readonly: false,
    writeback: false,
    allowDirectIo: false,
    readdirplus: true,
    openFileLimit: null,
    exitOnDisconnect: false,
    logLevel: 'info',
  });
});

t.test('every option, in both ways to write a value', async (t) => {
  const config = await configOf(
    ...['--shared-dir', 'some/dir', '--fd', '5', '--tag', 'süß', '--sandbox=none'],
    ...['--seccomp', 'log', '--cache=always', '--thread-pool-size', '0', '--xattr'],
    ...['--writeback', '--allow-direct-io', '--no-readdirplus', '--rlimit-nofile=0'],
    ...['--log-level', 'trace', '--num-request-queues=64', '--no-exit-on-disconnect'],
  );
  t.same(config, {
    sharedDir: resolve('some/dir'),
    socket: { kind: 'fd', fd: 5 },
    tag: 'süß',
    sandbox: 'none',
    seccomp: 'log',
    cache: 'always',
    threadPoolSize: 0,
    requestQueues: 64,
    xattr: true,
    readonly: false,
    writeback: true,
    allowDirectIo: true,
    readdirplus: false,
    openFileLimit: 0,
    exitOnDisconnect: false,
    logLevel: 'trace',
  });
  t.ok(Object.isFrozen(config));
  t.same(decodeConfig(encodeConfig(config)), config, 'the worker reads what the command wrote');
});

t.test("libvirt's command line", async (t) => {
  const config = await configOf(
    ...['--fd=7', '--shared-dir', '/srv', '--cache', 'never', '--sandbox', 'namespace', '--xattr'],
    ...['--thread-pool-size=4', '--rlimit-nofile=4096', '--log-level', 'debug', '--readonly'],
  );
  t.ok(config.exitOnDisconnect, 'it ends with the machine');
});

t.test('a relative path means this directory, a later one too', async (t) => {
  const config = await configOf('--shared-dir=.', '--socket-path=x.sock');
  t.equal(config.sharedDir, process.cwd());
  t.same(config.socket, { kind: 'path', path: resolve('x.sock'), group: null });
});

t.test('values that look like something else', async (t) => {
  const config = await configOf('--shared-dir=/a=b', '--socket-path=/x', '--tag', '0x10');
  t.equal(config.sharedDir, '/a=b');
  t.equal(config.tag, '0x10', 'not a number');
});

t.test('readonly and writeback together mean readonly', async (t) => {
  const config = await configOf(share, socket, '--readonly', '--writeback');
  t.ok(config.readonly);
  t.notOk(config.writeback);
});

t.test('what is wrong is said in one line', async (t) => {
  const wrong: [RegExp, ...string[]][] = [
    [/--shared-dir is missing/, socket],
    [/--shared-dir is empty/, '--shared-dir=', socket],
    [/--socket-path or --fd is missing/, share],
    [/--socket-path and --fd/, share, socket, '--fd=5'],
    [/--socket-path is empty/, share, '--socket-path='],
    [/--socket-group is for --socket-path/, share, '--fd=5', '--socket-group=kvm'],
    [/--socket-group is empty/, share, socket, '--socket-group='],
    [/--fd=1 is standard/, share, '--fd=1'],
    [/--fd=-1 is not a whole number/, share, '--fd=-1'],
    [/--fd=3x is not a whole number/, share, '--fd=3x'],
    [/--fd=1e3 is not a whole number/, share, '--fd=1e3'],
    [/--tag is empty/, share, socket, '--tag='],
    [/--tag has 38 bytes/, share, socket, `--tag=${'ü'.repeat(19)}`],
    [/--sandbox=jail is not one of namespace, chroot, none/, share, socket, '--sandbox=jail'],
    [/--cache=none is not one of/, share, socket, '--cache=none'],
    [/--seccomp= is not one of/, share, socket, '--seccomp='],
    [/--thread-pool-size=65 is not .* 0 to 64/, share, socket, '--thread-pool-size=65'],
    [/--num-request-queues=0 is not .* 1 to 64/, share, socket, '--num-request-queues=0'],
    [/--rlimit-nofile=99999999999 is not/, share, socket, '--rlimit-nofile=99999999999'],
    [/--writeback needs a cache/, share, socket, '--writeback', '--cache=never'],
    [/contradict/, share, socket, '--exit-on-disconnect', '--no-exit-on-disconnect'],
    [/Unknown argument: foo/, share, socket, '--foo'],
    [/Unknown argument: no-xattr/, share, socket, '--no-xattr'],
    [/unexpected argument|Unknown argument: extra/, share, socket, 'extra'],
    [/unexpected argument|Unknown argument/, share, socket, '--', '--xattr'],
    [/--tag is given twice/, share, socket, '--tag=a', '--tag', 'b'],
    [/--xattr is given twice/, share, socket, '--xattr', '--xattr'],
    [/--xattr takes no value/, share, socket, '--xattr=false'],
    [/Not enough arguments following: tag/, share, socket, '--tag'],
    [/Not enough arguments following: tag/, share, socket, '--tag', '--xattr'],
    [/Unknown argument/, share, socket, '-x'],
    [/Unknown argument/, share, socket, '--sharedDir=/x'],
  ];
  for (const [message, ...args] of wrong) {
    await t.rejects(
      configOf(...args),
      { code: 'VFSD_CONFIG_USAGE', exitStatus: 1, message },
      args.slice(-2).join(' '),
    );
  }
});
