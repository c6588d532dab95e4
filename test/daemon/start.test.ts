// SPDX-License-Identifier: Apache-2.0

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { decodeConfig } from '../../src/config/config.js';
import { validate } from '../../src/config/validate.js';
import { launcherEnvironment } from '../../src/daemon/launcher-arguments.js';
import { divideOpenFiles, smallestOpenFileLimit } from '../../src/daemon/open-file-budget.js';
import { readNotification } from '../../src/daemon/notification.js';
import { start } from '../../src/daemon/start.js';
import type { InodeFileHandles, LauncherStart, SeccompProgram } from '../../src/native/types.js';
import { FakeBinding } from '../doubles/fake-binding.js';

const texts = {
  start: 'ptrace',
  launcher: 'wait4',
  nodeThreads: 'read',
  dataThreads: ['openat', 'pwritev2', 'flock', 'open_by_handle_at', 'getxattr']
    .map(
      (call, index) =>
        `${call} ${['', 'with writing', 'with locks', 'with handles', 'with xattr'][index] ?? ''}`,
    )
    .join('\n'),
  lockThreads: 'futex',
  mainThread: 'open',
  proxyHelper: 'read',
};
const conditions = {
  sandbox: {
    mode: 'namespace',
    userNamespace: true,
    capabilities: 0x8800_00dbn,
    inodeFileHandles: 'never',
  },
  socketGroup: null,
  openFileLimit: 4096,
  notification: { socket: null, watchdogUs: null },
} as const;

class StartBinding extends FakeBinding {
  started: LauncherStart | null = null;
  written: Uint8Array | null = null;
  readonly compiled: SeccompProgram[] = [];
  readonly listened: [string, number, number | null][] = [];

  override listenUnix: FakeBinding['listenUnix'] = (path, mode, group) => {
    this.listened.push([path, mode, group]);
    writeFileSync(path, '');
    return this.newFd();
  };
  override adoptListener: FakeBinding['adoptListener'] = () => this.newFd();
  override createSealedFile: FakeBinding['createSealedFile'] = (_name, data) => {
    this.written = data;
    return this.newFd();
  };
  override compileSeccomp: FakeBinding['compileSeccomp'] = (program) => {
    this.compiled.push(program);
    return this.newFd();
  };
  override execLauncher: FakeBinding['execLauncher'] = (launcher) => {
    this.started = launcher;
    return { errno: 2, code: 'ENOENT', syscall: 'execve' };
  };
}

t.test('what the service manager wants is read from the environment', async (t) => {
  const asked = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '30000000' };
  const both = { socket: '/run/systemd/notify', watchdogUs: 30_000_000 };
  t.same(readNotification(asked, 7), both);
  t.same(readNotification({ ...asked, WATCHDOG_PID: '7' }, 7), both);
  t.same(readNotification({ ...asked, WATCHDOG_PID: '8' }, 7), { ...both, watchdogUs: null });
  t.same(readNotification({ ...asked, WATCHDOG_USEC: '0' }, 7), { ...both, watchdogUs: null });
  const nobody = { socket: null, watchdogUs: null };
  t.same(readNotification({}, 7), nobody);
  t.same(readNotification({ NOTIFY_SOCKET: 'relative' }, 7), nobody);
});

t.test("the launcher's command line", async (t) => {
  const path = join(t.testdir({}), 'socket');
  const args = ['--shared-dir=/srv', `--socket-path=${path}`];
  const config = validate(await parseArguments(args));
  const binding = new StartBinding();
  t.throws(() => start(binding, config, conditions, texts), {
    code: 'VFSD_SANDBOX_LAUNCH',
    message: /vfsd-launcher: execve: no such file/,
  });
  const [name, ...rest] = binding.started?.arguments ?? [];
  t.match(name, /build\/Release\/vfsd-launcher$/);
  const separator = rest.indexOf('--');
  t.same(rest.slice(0, separator), [
    '--sandbox=namespace',
    '--shared-dir=/srv',
    `--socket-path=${path}`,
    '--listen-fd=100',
    '--config-fd=101',
    '--start-filter-fd=102',
    '--launcher-filter-fd=103',
    '--process-filter-fd=104',
    '--main-thread-filter-fd=105',
    '--data-threads-filter-fd=106',
    '--user-namespace',
    '--capabilities=0x880000db',
    '--rlimit-nofile=4096',
  ]);
  const [node, ...nodeArguments] = rest.slice(separator + 1);
  t.equal(node, process.execPath);
  t.match(nodeArguments.join(' '), /--jitless --no-expose-wasm --v8-pool-size=0 .* --worker$/);
  t.same(binding.started?.keep, [100, 101, 102, 103, 104, 105, 106]);
  t.same(decodeConfig(binding.written ?? new Uint8Array(0)), {
    ...config,
    inodeFileHandles: 'never',
    notifies: false,
    watchdogUs: null,
    logsToSocket: false,
    logFormat: 'text',
    capabilities: String(0x8800_00db),
  });
  t.same(binding.listened, [[path, 0o600, null]]);
  t.notOk(existsSync(path), 'the socket of a start that failed is removed');
});

t.test('the launcher is told about maps of ids and file handles', async (t) => {
  const maps = ['--uid-map=:0:1000:1:', '--uid-map=:1:100000:65536:', '--gid-map=:0:1000:1:'];
  const args = ['--shared-dir=/srv', '--fd=9', ...maps];
  const config = validate(await parseArguments(args));
  const binding = new StartBinding();
  const found = {
    ...conditions,
    sandbox: { ...conditions.sandbox, inodeFileHandles: 'mandatory' },
  } as const;
  t.throws(() => start(binding, config, found, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
  t.match(
    binding.started?.arguments.join(' '),
    '--user-namespace --uid-map=0:1000:1 --uid-map=1:100000:65536 --gid-map=0:1000:1 ' +
      '--require-file-handles --capabilities',
  );
  const { inodeFileHandles } = decodeConfig(binding.written ?? new Uint8Array(0));
  t.equal(inodeFileHandles, 'mandatory');
});

t.test('threads that wait for locks have a filter, where they are', async (t) => {
  for (const option of ['--posix-lock', '--flock']) {
    const binding = new StartBinding();
    const config = validate(await parseArguments(['--shared-dir=/srv', '--fd=9', option]));
    t.throws(() => start(binding, config, conditions, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
    t.match(binding.started?.arguments.join(' '), '--lock-threads-filter-fd=107 ', option);
    t.same(binding.started?.keep, [100, 101, 102, 103, 104, 105, 106, 107]);
  }
});

t.test('the filters have what the options need', async (t) => {
  const calls = async (inodeFileHandles: InodeFileHandles, ...options: readonly string[]) => {
    const binding = new StartBinding();
    const config = validate(await parseArguments(['--shared-dir=/srv', '--fd=9', ...options]));
    const found = { ...conditions, sandbox: { ...conditions.sandbox, inodeFileHandles } };
    t.throws(() => start(binding, config, found, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
    const [, , , , dataThreads] = binding.compiled;
    return dataThreads?.rules.map(({ syscall }) => syscall);
  };
  t.strictSame(await calls('never', '--readonly'), ['openat']);
  t.strictSame(await calls('never'), ['openat', 'pwritev2']);
  t.strictSame(await calls('prefer', '--readonly'), ['openat', 'open_by_handle_at']);
  t.strictSame(await calls('never', '--readonly', '--flock'), ['openat', 'flock']);
  t.strictSame(await calls('never', '--readonly', '--posix-acl=auto'), ['openat', 'getxattr']);
  const mapped = ['--readonly', '--security-model=mapped'];
  t.strictSame(await calls('never', ...mapped), ['openat', 'getxattr']);
});

t.test('--seccomp-allow reaches the filters, under names that are known', async (t) => {
  const binding = new StartBinding();
  binding.findSystemCall = (name) => (name === 'pread64' ? 17 : null);
  const args = ['--shared-dir=/srv', '--fd=9'];
  const config = validate(await parseArguments([...args, '--seccomp-allow=pread64']));
  t.throws(() => start(binding, config, conditions, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
  const [first, launcher, ...others] = binding.compiled;
  const has = (program?: SeccompProgram) =>
    program?.rules.some(({ syscall }) => syscall === 'pread64');
  t.equal(has(first), false, 'not in the first filter, which denies');
  t.equal(has(launcher), true);
  t.strictSame(others.map(has), [true, false, true], 'process, main thread, data threads');

  const wrong = validate(await parseArguments([...args, '--seccomp-allow=pread46']));
  t.throws(() => start(binding, wrong, conditions, texts), {
    code: 'VFSD_CONFIG_USAGE',
    message: /--seccomp-allow=pread46: no system call of that name/,
  });
});

t.test('a socket from elsewhere, no filters, a group', async (t) => {
  const adopted = new StartBinding();
  const byFd = ['--shared-dir=/srv', '--fd=9', '--seccomp=none'];
  const config = validate(await parseArguments(byFd));
  t.throws(() => start(adopted, config, conditions, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
  t.notMatch(adopted.started?.arguments.join(' '), /--socket-path|filter-fd/);
  t.equal(adopted.compiled.length, 0);

  const path = join(t.testdir({}), 'socket');
  const grouped = new StartBinding();
  const byPath = ['--shared-dir=/srv', `--socket-path=${path}`, '--socket-group=4'];
  const groupConfig = validate(await parseArguments(byPath));
  const found = { ...conditions, socketGroup: 4 };
  t.throws(() => start(grouped, groupConfig, found, texts), { code: 'VFSD_SANDBOX_LAUNCH' });
  t.same(grouped.listened, [[path, 0o660, 4]]);
});

t.test('failures on the way', async (t) => {
  const path = join(t.testdir({}), 'socket');
  const args = ['--shared-dir=/srv', `--socket-path=${path}`];
  const config = validate(await parseArguments(args));
  const inUse = new StartBinding();
  inUse.listenUnix = () => ({ errno: 98, code: 'EADDRINUSE', syscall: 'bind' });
  t.throws(() => start(inUse, config, conditions, texts), {
    code: 'VFSD_SOCKET_PATH',
    message: /bind: address already in use/,
  });
  const badPolicy = { ...texts, dataThreads: 'read\n???' };
  t.throws(() => start(new StartBinding(), config, conditions, badPolicy), {
    code: 'VFSD_SECCOMP_POLICY',
    message: /data-threads\.policy:2/,
  });
  t.notOk(existsSync(path));
  const noMemory = new StartBinding();
  noMemory.createSealedFile = () => ({ errno: 12, code: 'ENOMEM', syscall: 'memfd_create' });
  t.throws(() => start(noMemory, config, conditions, texts), { code: 'VFSD_NATIVE_CALL' });
  t.notOk(existsSync(path));
  const noListener = new StartBinding();
  noListener.adoptListener = () => ({ errno: 88, code: 'ENOTSOCK', syscall: 'getsockopt' });
  const byFd = validate(await parseArguments(['--shared-dir=/srv', '--fd=9']));
  t.throws(() => start(noListener, byFd, conditions, texts), {
    code: 'VFSD_SOCKET_FD',
    message: /file descriptor 9: getsockopt/,
  });
});

t.test('nothing that could load code is inherited', async (t) => {
  const environment = {
    ...{ PATH: '/bin', NODE_OPTIONS: '--inspect', LD_PRELOAD: 'x.so', HOME: '/root' },
    ...{ TZ: 'Europe/Berlin', LANG: 'C.UTF-8' },
  };
  t.same(launcherEnvironment(environment), ['TZ=Europe/Berlin', 'LANG=C.UTF-8']);
});

t.test('the daemon keeps descriptors for itself', async (t) => {
  const usual = { requestQueues: 8, threadPoolSize: 8 };
  t.same(divideOpenFiles(1_000_000, usual), { memorySlots: 509, guestFdLimit: 999_313 });
  t.same(divideOpenFiles(1024, usual), { memorySlots: 32, guestFdLimit: 814 });
  const oneMore = divideOpenFiles(1024, { ...usual, threadPoolSize: 9 });
  t.equal(oneMore.guestFdLimit, 811, 'three for each thread');
  for (const requestQueues of [1, 8, 64]) {
    for (const threadPoolSize of [0, 8, 64]) {
      const threads = { requestQueues, threadPoolSize };
      const least = smallestOpenFileLimit(threads);
      t.equal(divideOpenFiles(least, threads).guestFdLimit, 64, 'enough to work with');
    }
  }
  t.ok(smallestOpenFileLimit({ requestQueues: 64, threadPoolSize: 64 }) <= 1024, 'the usual limit');
});
