// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { lookUpGroup } from '../../src/cli/group.js';
import { chooseOpenFileLimit, readSystemOpenFileLimit } from '../../src/cli/open-file-limit.js';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { preflight } from '../../src/cli/preflight.js';
import { checkSandboxSupport } from '../../src/cli/sandbox-support.js';
import { checkSecurityModel } from '../../src/cli/security-model.js';
import { checkSharedDirectory } from '../../src/cli/shared-directory.js';
import { isListening, prepareSocketPath } from '../../src/cli/socket-path.js';
import type { SandboxMode } from '../../src/config/modes.js';
import { validate } from '../../src/config/validate.js';
import { planSandbox, type SandboxPlan } from '../../src/sandbox/plan.js';

const rootCapabilities = 0x1ff_ffff_ffffn;

function plan(sandbox: SandboxMode, capabilities: bigint): SandboxPlan {
  const nothing = { uidMap: [], gidMap: [], capabilityChanges: [], inodeFileHandles: null };
  return planSandbox(
    { sandbox, securityModel: 'passthrough', ...nothing },
    capabilities,
    () => false,
  );
}

function listenOn(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(path, () => {
      resolve(server);
    });
  });
}

t.test('the shared directory', async (t) => {
  const directory = t.testdir({ file: '', 'a directory': {} });
  checkSharedDirectory(join(directory, 'a directory'));
  symlinkSync('a directory', join(directory, 'link'));
  checkSharedDirectory(join(directory, 'link'));
  t.throws(
    () => {
      checkSharedDirectory(join(directory, 'none'));
    },
    { code: 'VFSD_SHARE_UNUSABLE', message: /cannot share .*none: stat: no such file.*ENOENT/ },
  );
  t.throws(
    () => {
      checkSharedDirectory(join(directory, 'file'));
    },
    { code: 'VFSD_SHARE_UNUSABLE', message: /not a directory/ },
  );
});

t.test('the path of the socket', async (t) => {
  const directory = t.testdir({ file: 'precious', directory: {} });
  const free = join(directory, 'free');
  await prepareSocketPath(free);
  t.notOk(existsSync(free), 'nothing is made');
  const refuse = (path: string, error: { code: string; message?: RegExp }) =>
    t.rejects(prepareSocketPath(path), error);
  await refuse(`/tmp/${'x'.repeat(103)}`, { code: 'VFSD_SOCKET_TOO_LONG', message: /108 bytes/ });
  await refuse(join(directory, 'none', 's'), {
    code: 'VFSD_SOCKET_PATH',
    message: /does not exist/,
  });
  await refuse(join(directory, 'file', 's'), {
    code: 'VFSD_SOCKET_PATH',
    message: /not a directory/,
  });
  for (const name of ['file', 'directory']) {
    await refuse(join(directory, name), { code: 'VFSD_SOCKET_OCCUPIED' });
    t.ok(existsSync(join(directory, name)), 'it is left alone');
  }
});

t.test('a socket that is there already', async (t) => {
  // Sockets have short names, and the test runner's directories long ones.
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const real = join(directory, 'real');
  const link = join(directory, 'link');
  mkdirSync(real);
  symlinkSync('real', link);
  const path = join(real, 's');
  const server = await listenOn(path);
  let connections = 0;
  server.on('connection', () => (connections += 1));
  const inUse = { code: 'VFSD_SOCKET_IN_USE', hint: /stop the program/ };
  await t.rejects(prepareSocketPath(path), inUse);
  await t.rejects(prepareSocketPath(join(link, 's')), inUse, 'under another name');
  await t.rejects(prepareSocketPath(`${real}/./s`), inUse);
  const asked = await listenOn(join(link, 'l'));
  await t.rejects(prepareSocketPath(join(real, 'l')), inUse, 'bound under another name');
  const noSockets = join(directory, 'table');
  writeFileSync(noSockets, 'Num       RefCount Protocol Flags    Type St Inode Path\n');
  t.equal(connections, 0, 'whoever is known to listen is not disturbed');
  await t.rejects(prepareSocketPath(path, noSockets), inUse, 'found by a connection');
  t.ok(existsSync(path), 'the socket in use is left alone');

  const stale = join(real, 'stale');
  renameSync(path, stale);
  for (const listening of [server, asked]) {
    await new Promise((resolve) => listening.close(resolve));
  }
  await prepareSocketPath(stale);
  t.notOk(existsSync(stale), 'a stale one is removed');
});

t.test('a socket that answers anything but a refusal is left alone', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-'));
  const path = join(directory, 's');
  const program = [
    'import socket, sys',
    'bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    'bound.bind(sys.argv[1])',
    'print("bound", flush=True)',
    'sys.stdin.read()',
  ].join('\n');
  const child = spawn('python3', ['-c', program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.stdin.end();
    await ended;
    rmSync(directory, { recursive: true });
  });
  await once(child.stdout, 'data');
  const refused = { code: 'VFSD_SOCKET_OCCUPIED', message: /connect: .*EPROTOTYPE/ };
  await t.rejects(prepareSocketPath(path), refused, 'it takes datagrams');
  t.ok(existsSync(path));
});

t.test("the kernel's list of sockets", async (t) => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 23456 /run/listening.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 23457 /run/connected.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01 23458 relative/other.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01     9 /run/with a space.sock',
    '0000000000000000: 00000002 00000000 00010000 0005 01 23459',
  ].join('\n');
  t.ok(isListening(table, '/run/listening.sock'));
  t.notOk(isListening(table, '/run/connected.sock'), 'one end of a connection is no listener');
  t.notOk(isListening(table, '/run/listening'), 'the whole path counts');
  t.ok(isListening(table, '/run/other.sock'), 'it may be the one that was bound relatively');
  t.ok(isListening(table, '/run/with a space.sock'));
});

t.test('groups', async (t) => {
  const file = join(t.testdir({ group: 'root:x:0:\nkvm:x:104:qemu\nodd:x::\n' }), 'group');
  t.equal(lookUpGroup('kvm', file), 104);
  t.equal(lookUpGroup('4711', file), 4711, 'numbers need no entry');
  for (const group of ['kv', 'odd', '4294967295', '-1', '']) {
    t.throws(() => lookUpGroup(group, file), { code: 'VFSD_SOCKET_GROUP' });
  }
});

t.test('the limit on open files', async (t) => {
  const request = {
    wanted: null,
    threads: { requestQueues: 8, threadPoolSize: 8 },
    current: { soft: 1024n, hard: 524_288n },
    systemLimit: 1_048_576n,
    capabilities: 0n,
  };
  t.equal(chooseOpenFileLimit(request), 524_288, 'the hard limit');
  t.equal(chooseOpenFileLimit({ ...request, capabilities: rootCapabilities }), 1_000_000);
  t.equal(chooseOpenFileLimit({ ...request, wanted: 0 }), 0, 'left as it is');
  t.equal(chooseOpenFileLimit({ ...request, wanted: 4096 }), 4096);
  const unlimited = { ...request, current: { soft: 1024n, hard: 0xffff_ffff_ffff_ffffn } };
  t.equal(chooseOpenFileLimit(unlimited), 1_000_000);
  t.throws(() => chooseOpenFileLimit({ ...request, wanted: 600_000 }), {
    code: 'VFSD_LIMIT_NOFILE',
    message: /cannot allow 600000 open files: at most 524288/,
  });
  t.throws(() => chooseOpenFileLimit({ ...request, wanted: 100 }), {
    code: 'VFSD_LIMIT_NOFILE',
    hint: /raise/,
  });
  t.ok(readSystemOpenFileLimit() > 0n);
});

t.test('the sandbox', async (t) => {
  const nothing = (): null => null;
  const asRoot = plan('namespace', rootCapabilities);
  checkSandboxSupport(asRoot, rootCapabilities, () => '0');
  const asUser = plan('namespace', 0n);
  checkSandboxSupport(asUser, 0n, nothing);
  checkSandboxSupport(asUser, 0n, () => '31063\n');
  t.throws(
    () => {
      checkSandboxSupport(asUser, 0n, () => '0\n');
    },
    { code: 'VFSD_SANDBOX_USER_NAMESPACE', hint: /max_user_namespaces/ },
  );
  t.throws(
    () => {
      checkSandboxSupport(plan('chroot', 0n), 0n, nothing);
    },
    { code: 'VFSD_SANDBOX_CHROOT' },
  );
});

const unsupported = { errno: 95, code: 'EOPNOTSUPP', syscall: 'getxattr' };

t.test('a model that keeps what the share has no room for', async (t) => {
  const without = { probeDirectory: () => ({ fileHandles: undefined, xattrs: unsupported }) };
  const having = { probeDirectory: () => ({ fileHandles: undefined, xattrs: undefined }) };
  const sharedDir = '/srv';
  for (const securityModel of ['passthrough', 'mapped-file', 'none'] as const) {
    checkSecurityModel(without, { securityModel, sharedDir });
  }
  checkSecurityModel(having, { securityModel: 'mapped-xattr', sharedDir });
  t.throws(
    () => {
      checkSecurityModel(without, { securityModel: 'mapped-xattr', sharedDir });
    },
    { code: 'VFSD_SHARE_XATTRS', message: /below \/srv.*EOPNOTSUPP/, hint: /mapped-file/ },
  );
});

t.test('all together', async (t) => {
  const directory = t.testdir({ share: {} });
  mkdirSync(join(directory, 'run'));
  const args = [`--shared-dir=${join(directory, 'share')}`, '--fd=5', '--sandbox=none'];
  const binding = {
    getEffectiveCapabilities: () => 0n,
    getOpenFileLimit: () => ({ soft: 1024n, hard: 1024n }),
    probeDirectory: () => ({ fileHandles: undefined, xattrs: unsupported }),
  };
  t.same(await preflight(binding, validate(await parseArguments(args))), {
    sandbox: {
      mode: 'none',
      userNamespace: false,
      capabilities: 0n,
      inodeFileHandles: 'never',
    },
    socketGroup: null,
    openFileLimit: 1024,
    notification: { socket: null, watchdogUs: null },
  });
  const failing = {
    ...binding,
    getOpenFileLimit: () => ({ errno: 1, code: 'EPERM', syscall: 'getrlimit' }),
  };
  const config = validate(await parseArguments(args));
  await t.rejects(preflight(failing, config), { code: 'VFSD_NATIVE_CALL' });
  const mapped = validate(await parseArguments([...args, '--security-model=mapped']));
  await t.rejects(preflight(binding, mapped), { code: 'VFSD_SHARE_XATTRS' });
});
