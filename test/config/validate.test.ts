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
    seccompAllow: [],
    capabilityChanges: [],
    uidMap: [],
    gidMap: [],
    uidTranslation: [],
    gidTranslation: [],
    cache: 'auto',
    timeouts: { entryNs: '1000000000', attrNs: '1000000000', negativeNs: '0' },
    allowMmap: false,
    preserveNoatime: false,
    announceSubmounts: true,
    inodeFileHandles: null,
    securityModel: 'passthrough',
    fileMode: 0o600,
    directoryMode: 0o700,
    posixLock: false,
    flock: false,
    xattrMap: [],
    posixAcl: 'never',
    securityLabel: 'never',
    killprivV2: true,
    threadPoolSize: 8,
    requestQueues: 8,
    pollLimitUs: 50,
    xattr: false,
    readonly: false,
    writeback: false,
    allowDirectIo: false,
    readdirplus: true,
    openFileLimit: null,
    exitOnDisconnect: false,
    controlSocket: null,
    slowRequestMs: 0,
    logLevel: 'info',
    logFormat: null,
  });
});

t.test('every option, in both ways to write a value', async (t) => {
  const config = await configOf(
    ...['--shared-dir', 'some/dir', '--fd', '5', '--tag', 'süß', '--sandbox=none'],
    ...['--seccomp', 'log', '--cache=always', '--thread-pool-size', '0', '--xattr'],
    ...['--writeback', '--allow-direct-io', '--no-readdirplus', '--rlimit-nofile=0'],
    ...['--log-level', 'trace', '--num-request-queues=64', '--no-exit-on-disconnect'],
    ...['--control-socket=/run/control', '--slow-request-ms=250'],
    ...['--modcaps=+sys_admin:-chown', '--translate-uid', 'host:1:2:3', '--allow-mmap'],
    ...['--translate-gid=forbid-guest:0:1', '--translate-gid', 'squash-host:5:6:7'],
    ...['--entry-timeout=0.5', '--negative-timeout', '3', '--inode-file-handles=prefer'],
    ...['--xattrmap=:ok:all:::', '--posix-acl', '--security-label=auto', '--no-killpriv-v2'],
    ...['--preserve-noatime', '--no-announce-submounts', '--posix-lock', '--flock'],
    ...['--poll-limit=0', '--security-model=mapped', '--fmode', '640', '--dmode=0750'],
    ...['--seccomp-allow=pread64', '--seccomp-allow', 'fcntl if arg1 == 9'],
  );
  t.same(config, {
    sharedDir: resolve('some/dir'),
    socket: { kind: 'fd', fd: 5 },
    tag: 'süß',
    sandbox: 'none',
    seccomp: 'log',
    seccompAllow: ['pread64', 'fcntl if arg1 == 9'],
    capabilityChanges: [
      { capability: 21, keep: true },
      { capability: 0, keep: false },
    ],
    uidMap: [],
    gidMap: [],
    uidTranslation: [{ direction: 'to-guest', action: 'map', base: 1, target: 2, count: 3 }],
    gidTranslation: [
      { direction: 'to-host', action: 'forbid', base: 0, target: 0, count: 1 },
      { direction: 'to-guest', action: 'squash', base: 5, target: 6, count: 7 },
    ],
    cache: 'always',
    timeouts: { entryNs: '500000000', attrNs: '86400000000000', negativeNs: '3000000000' },
    allowMmap: true,
    preserveNoatime: true,
    announceSubmounts: false,
    inodeFileHandles: 'prefer',
    securityModel: 'mapped-xattr',
    fileMode: 0o640,
    directoryMode: 0o750,
    posixLock: true,
    flock: true,
    xattrMap: [{ type: 'ok', client: true, server: true, key: '', prepend: '' }],
    posixAcl: 'always',
    securityLabel: 'auto',
    killprivV2: false,
    threadPoolSize: 0,
    requestQueues: 64,
    pollLimitUs: 0,
    xattr: true,
    readonly: false,
    writeback: true,
    allowDirectIo: true,
    readdirplus: false,
    openFileLimit: 0,
    exitOnDisconnect: false,
    controlSocket: '/run/control',
    slowRequestMs: 250,
    logLevel: 'trace',
    logFormat: null,
  });
  t.ok(Object.isFrozen(config));
  const forWorker = {
    ...config,
    inodeFileHandles: 'never',
    capabilities: '0',
    notifies: false,
    watchdogUs: null,
    logsToSocket: false,
    logFormat: 'text',
  } as const;
  t.same(decodeConfig(encodeConfig(forWorker)), forWorker, 'the worker reads what was written');
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

t.test('an optional value stands after an equals sign', async (t) => {
  for (const option of ['posix-acl', 'security-label']) {
    const key = option === 'posix-acl' ? 'posixAcl' : 'securityLabel';
    t.equal((await configOf(share, socket))[key], 'never');
    for (const value of ['auto', 'always', 'never']) {
      const config = await configOf(share, socket, `--${option}=${value}`);
      t.equal(config[key], value);
      t.equal(config.xattr, value !== 'never', 'it implies --xattr');
    }
    t.equal((await configOf(share, `--${option}`, socket))[key], 'always');
    t.equal((await configOf(share, socket, `--${option}`))[key], 'always');
  }
});

t.test('what needs extended attributes implies --xattr', async (t) => {
  t.ok((await configOf(share, socket, '--xattrmap=:map::user.virtiofs.:')).xattr);
  t.ok((await configOf(share, socket, '--xattr')).xattr);
});

t.test('the timeouts go with the cache mode', async (t) => {
  const seconds = 1_000_000_000;
  for (const [cache, known, negative] of [
    ['never', 0, 0],
    ['metadata', 86_400, 0],
    ['auto', 1, 0],
    ['always', 86_400, 86_400],
  ] as const) {
    const { timeouts } = await configOf(share, socket, `--cache=${cache}`);
    const expected = [known, known, negative].map((timeout) => String(timeout * seconds));
    t.same([timeouts.entryNs, timeouts.attrNs, timeouts.negativeNs], expected, cache);
  }
  const given = await configOf(
    ...[share, socket, '--cache=never', '--attr-timeout=1000000000.000000000'],
    ...['--entry-timeout=0.000000001', '--negative-timeout=01'],
  );
  t.same(given.timeouts, {
    entryNs: '1',
    attrNs: '1000000000000000000',
    negativeNs: '1000000000',
  });
});

t.test('switches can be given in the sense that they have anyway', async (t) => {
  const config = await configOf(
    ...[share, socket, '--killpriv-v2', '--announce-submounts', '--no-posix-lock', '--no-flock'],
  );
  t.match(config, { killprivV2: true, announceSubmounts: true, posixLock: false, flock: false });
});

t.test('maps of ids, one or several', async (t) => {
  const config = await configOf(
    ...[share, socket, '--uid-map=:0:1000:1:', '--uid-map', '/1/100000/65536/'],
  );
  t.same(config.uidMap, [
    { inside: 0, host: 1000, count: 1 },
    { inside: 1, host: 100_000, count: 65_536 },
  ]);
  t.same(config.gidMap, []);
});

t.test('translated ids and access control lists go together', async (t) => {
  const config = await configOf(share, socket, '--posix-acl', '--translate-uid=map:0:1000:1');
  t.equal(config.posixAcl, 'always');
  t.equal(config.uidTranslation.length, 2);
});

t.test('what is wrong is said in one line', async (t) => {
  const wrong: [RegExp, ...string[]][] = [
    [/--shared-dir is missing/, socket],
    [/--shared-dir is empty/, '--shared-dir=', socket],
    [/--socket-path or --fd is missing/, share],
    [/--socket-path and --fd/, share, socket, '--fd=5'],
    [/--socket-path is empty/, share, '--socket-path='],
    [/--socket-group is for --socket-path/, share, '--fd=5', '--socket-group=kvm'],
    [/--control-socket is empty/, share, socket, '--control-socket='],
    [/sockets of two kinds/, share, '--socket-path=/run/a', '--control-socket=/run/../run/a'],
    [/--slow-request-ms=x is not/, share, socket, '--slow-request-ms=x'],
    [/--socket-group is empty/, share, socket, '--socket-group='],
    [/--fd=1 is standard/, share, '--fd=1'],
    [/--fd=-1 is not a whole number/, share, '--fd=-1'],
    [/--fd=3x is not a whole number/, share, '--fd=3x'],
    [/--fd=1e3 is not a whole number/, share, '--fd=1e3'],
    [/--tag is empty/, share, socket, '--tag='],
    [/--tag has 38 bytes/, share, socket, `--tag=${'ü'.repeat(19)}`],
    [/--sandbox=jail is not one of namespace, chroot, none/, share, socket, '--sandbox=jail'],
    [/--security-model=proxy is not one of/, share, socket, '--security-model=proxy'],
    [/--fmode is for what a mapped/, share, socket, '--fmode=0600'],
    [/--dmode is for what a mapped/, share, socket, '--security-model=none', '--dmode=700'],
    [/--fmode=888 is no octal/, share, socket, '--security-model=mapped', '--fmode=888'],
    [/--fmode=4755 is no octal/, share, socket, '--security-model=mapped', '--fmode=4755'],
    [/--dmode=0600 would lock.*0700/, share, socket, '--security-model=mapped', '--dmode=0600'],
    [/--cache=none is not one of/, share, socket, '--cache=none'],
    [/--seccomp= is not one of/, share, socket, '--seccomp='],
    [/--thread-pool-size=65 is not .* 0 to 64/, share, socket, '--thread-pool-size=65'],
    [/--num-request-queues=0 is not .* 1 to 64/, share, socket, '--num-request-queues=0'],
    [/--rlimit-nofile=99999999999 is not/, share, socket, '--rlimit-nofile=99999999999'],
    [/--writeback needs a cache/, share, socket, '--writeback', '--cache=never'],
    [/contradict/, share, socket, '--exit-on-disconnect', '--no-exit-on-disconnect'],
    [
      /--killpriv-v2 and --no-killpriv-v2 contra/,
      share,
      socket,
      '--killpriv-v2',
      '--no-killpriv-v2',
    ],
    [/contradict/, share, socket, '--announce-submounts', '--no-announce-submounts'],
    [/contradict/, share, socket, '--posix-lock', '--no-posix-lock'],
    [/contradict/, share, socket, '--no-flock', '--flock'],
    [/--posix-acl=on is not one of auto, always, never/, share, socket, '--posix-acl=on'],
    [/--posix-acl= is not one of/, share, socket, '--posix-acl='],
    [/unexpected argument|Unknown argument: auto/, share, socket, '--posix-acl', 'auto'],
    [/--security-label is given twice/, share, socket, '--security-label', '--security-label=auto'],
    [/--inode-file-handles=maybe is not/, share, socket, '--inode-file-handles=maybe'],
    [/--xattrmap has no rules/, share, socket, '--xattrmap='],
    [/--xattrmap rule 1/, share, socket, '--xattrmap=:ok:all'],
    [/--xattrmap is given twice/, share, socket, '--xattrmap=:ok:all:::', '--xattrmap=:ok:all:::'],
    [/--modcaps=chown: "chown" begins/, share, socket, '--modcaps=chown'],
    [/--uid-map=:0:1: has|--uid-map=:0:1:: /, share, socket, '--uid-map=:0:1:'],
    [
      /--uid-map is for the user name.* --sandbox=none/,
      share,
      socket,
      '--uid-map=:0:0:1:',
      '--sandbox=none',
    ],
    [/--gid-map is for the user/, share, socket, '--gid-map=:0:0:1:', '--sandbox=chroot'],
    [/--translate-uid=x:1:1:1: the type "x"/, share, socket, '--translate-uid=x:1:1:1'],
    [/--translate-gid=host:1:1:0: the count is 0/, share, socket, '--translate-gid=host:1:1:0'],
    [/Not enough arguments following: uid-map/, share, socket, '--uid-map'],
    [/--entry-timeout=-1 is not a number of seconds/, share, socket, '--entry-timeout=-1'],
    [/--attr-timeout=1e3 is not/, share, socket, '--attr-timeout=1e3'],
    [/--attr-timeout=0.1234567891 is not/, share, socket, '--attr-timeout=0.1234567891'],
    [/--negative-timeout=1000000000.1 is not/, share, socket, '--negative-timeout=1000000000.1'],
    [/--negative-timeout= is not/, share, socket, '--negative-timeout='],
    [/Unknown argument: foo/, share, socket, '--foo'],
    [/Unknown argument: no-xattr/, share, socket, '--no-xattr'],
    [/unexpected argument|Unknown argument: extra/, share, socket, 'extra'],
    [/unexpected argument|Unknown argument/, share, socket, '--', '--xattr'],
    [/--tag is given twice/, share, socket, '--tag=a', '--tag', 'b'],
    [/--xattr is given twice/, share, socket, '--xattr', '--xattr'],
    [/--xattr takes no value/, share, socket, '--xattr=false'],
    [/--readonly takes no value/, share, socket, '--readonly', 'false'],
    [/--readonly takes no value/, '--readonly', 'true', share, socket],
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
