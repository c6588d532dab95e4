// SPDX-License-Identifier: Apache-2.0

// The command line, the socket, going into the background, and the end.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Workplace } from '../device/daemon.js';
import { processTree } from '../device/process-tree.js';
import { Client, Request, message } from './client.js';
import {
  asOrdinaryUser,
  command,
  connectTo,
  isConfined,
  isRoot,
  native,
  ordinaryUser,
  owner,
  runHelper,
  startHelper,
} from './helper.js';

function scratch(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-proxy-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

t.test('a wrong use is one line, and a status', async (t) => {
  const directory = scratch(t);
  const socket = join(directory, 'socket');
  const path = `--path=${directory}`;
  for (const [args, says] of [
    [[], /--path is missing/],
    [[path], /--fd or --socket is missing/],
    [[path, '--fd=3', `--socket=${socket}`], /--fd and --socket exclude each other/],
    [[path, `--socket=${socket}`], /--socket goes with --uid and --gid/],
    [[path, `--socket=${socket}`, '-u', '0'], /--socket goes with --uid and --gid/],
    [[path, '--fd=3', '-u', '0'], /--uid and --gid go with --socket/],
    [[path, '--fd=x'], /--fd=x is not a number/],
    [[path, '--fd=-1'], /--fd=-1 is not a number/],
    [[path, `--socket=${socket}`, '-u', '4294967295', '-g', '0'], /--uid=4294967295 is not/],
    [[path, `--socket=${socket}`, '-u', 'root', '-g', '0'], /--uid=root is not a number/],
    [[path, path, '--fd=3'], /--path is given twice/],
    [[path, '--fd=3', 'more'], /more/],
    [[path, '--sandbox=none'], /sandbox/],
    [['--path=', '--fd=3'], /--path is empty/],
    [['--path=/no/such', '--fd=3'], /cannot export \/no\/such: stat: no such file/],
    [['--path=/etc/passwd', '--fd=3'], /cannot export \/etc\/passwd: it is not a directory/],
    [[path, '--fd=77'], /cannot use file descriptor 77: fstat: bad file descriptor/],
    [[path, '--fd=0'], /cannot use file descriptor 0: it is not a socket/],
    [[path, `--socket=${join(directory, 'x'.repeat(108))}`, ...owner()], /VFSD_SOCKET_TOO_LONG/],
    [[path, `--socket=${directory}/no/socket`, ...owner()], /VFSD_SOCKET_PATH/],
  ] as const) {
    const { status, stderr, stdout } = runHelper(['--nodaemon', ...args]);
    t.equal(status, 1, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, says);
    t.match(stderr, /^virtfs-proxy-helper: error: [^\n]+\n$/);
  }
  t.strictSame(readdirSync(directory), [], 'nothing was made');
});

t.test('help says what there is', async (t) => {
  for (const option of ['-h', '--help']) {
    const { status, stdout } = runHelper([option]);
    t.equal(status, 0);
    for (const name of ['path', 'fd', 'socket', 'uid', 'gid', 'nodaemon', 'help']) {
      t.match(stdout, new RegExp(`-${name.charAt(0)}, --${name} `));
    }
  }
});

t.test('what is at the place of the socket stays there', async (t) => {
  const directory = scratch(t);
  const socket = join(directory, 'socket');
  writeFileSync(join(directory, 'target'), 'kept');
  const listener = native.listen(join(directory, 'stale'));
  native.closeFd(listener);
  for (const make of [
    () => {
      writeFileSync(socket, 'kept');
    },
    () => {
      symlinkSync('target', socket);
    },
    () => {
      symlinkSync('nowhere', socket);
    },
    () => {
      native.closeFd(native.listen(socket));
    },
  ]) {
    make();
    const before = lstatSync(socket);
    const { status, stderr } = runHelper([...['-n', '-p', directory, '-s', socket], ...owner()]);
    t.equal(status, 1);
    t.match(stderr, /VFSD_SOCKET_OCCUPIED/);
    const after = lstatSync(socket);
    t.strictSame([after.ino, after.mode, after.mtimeMs], [before.ino, before.mode, before.mtimeMs]);
    rmSync(socket);
  }
  t.equal(readFileSync(join(directory, 'target'), 'utf8'), 'kept');
  t.notOk(existsSync(join(directory, 'nowhere')));
});

t.test("the socket is its owner's, and nobody else's", async (t) => {
  const [uid, gid] = isRoot ? [1234, 4321] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const workplace = new Workplace();
  const daemon = startHelper(t, {
    workplace,
    options: [`--socket=${workplace.socket}`, ...owner(uid, gid)],
  });
  await isConfined(daemon);
  const file = lstatSync(workplace.socket);
  t.ok(file.isSocket());
  t.strictSame([file.uid, file.gid, file.mode & 0o7777], [uid, gid, 0o660]);
});

t.test(
  'it is open to nobody before it has its owner',
  { skip: !isRoot && 'not root' },
  async (t) => {
    const workplace = new Workplace();
    const trace = join(workplace.path, 'trace');
    const options = ['-f', '-qq', '-e', 'trace=bind,chmod,fchownat,umask,listen', '-o', trace];
    const daemon = startHelper(t, {
      workplace,
      wrapper: ['strace', ...options],
      options: [`--socket=${workplace.socket}`, ...owner(1234, 4321)],
    });
    await connectTo(daemon).then((client) => {
      client.close();
    });
    await daemon.exited;
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .map((line) => /\b(umask|bind|fchownat|chmod|listen)\((.*)$/.exec(line)?.slice(1) ?? [])
      .filter(([name]) => name !== undefined);
    const names = calls.map(([name]) => name).join(' ');
    t.match(names, /umask bind umask fchownat chmod listen/);
    t.match(calls.find(([name]) => name === 'umask')?.[1], /^0177\)/, 'bound for the caller alone');
    t.match(calls.find(([name]) => name === 'chmod')?.[1], /^"\/proc\/self\/fd\/[0-9]+", 0660\)/);
  },
);

t.test('a client is served, a second one refused, and the end is its end', async (t) => {
  const daemon = startHelper(t);
  const client = await connectTo(daemon);
  t.type(client.ask(Request.LSTAT, '/'), Buffer);
  t.ok(native.connect(daemon.workplace.socket) < 0, 'nobody listens any more');
  client.close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
  t.equal(daemon.output, '');
  t.notOk(existsSync(daemon.workplace.socket), 'the socket is removed');
});

t.test('a client that breaks the rules ends it with one line', async (t) => {
  const daemon = startHelper(t);
  const client = await connectTo(daemon);
  client.send(message(Request.LSTAT, '/').fill(0xff, 4, 8));
  t.equal(client.receive(1).length, 0, 'the connection is closed');
  t.strictSame(await daemon.exited, { code: 1, signal: null });
  t.equal(
    daemon.output,
    'virtfs-proxy-helper: error: the client sent a request of more than 65536 bytes, which is none\n',
  );
  t.notOk(existsSync(daemon.workplace.socket));
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  t.test(`${signal} ends it, whether there is a client or not`, async (t) => {
    for (const withClient of [false, true]) {
      const daemon = startHelper(t);
      await isConfined(daemon);
      const client = withClient ? await connectTo(daemon) : null;
      if (client !== null) t.type(client.ask(Request.LSTAT, '/'), Buffer);
      daemon.child.kill(signal);
      t.strictSame(await daemon.exited, { code: 0, signal: null });
      t.equal(daemon.output, '');
      t.notOk(existsSync(daemon.workplace.socket));
      client?.close();
    }
  });
}

t.test('a descriptor is served', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'pair');
  const listener = native.listen(path);
  const daemon = startHelper(t, { options: ['--fd=3'], fds: [listener] });
  native.closeFd(listener);
  const client = new Client(native.connect(path));
  t.type(client.ask(Request.LSTAT, '/'), Buffer);
  client.close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
  t.ok(existsSync(path), 'whose file it is, is not its affair');
});

t.test('it goes into the background when it listens, and not before', async (t) => {
  const directory = scratch(t);
  const socket = join(directory, 'socket');
  const { status, stderr } = runHelper(['-p', directory, '-s', socket, ...owner()]);
  t.equal(status, 0, stderr);
  t.match(stderr, /^(|virtfs-proxy-helper: warning: cannot write messages to \/dev\/log[^\n]*\n)$/);
  t.ok(lstatSync(socket).isSocket(), 'QEMU can connect at once');
  const client = new Client(native.connect(socket));
  t.type(client.ask(Request.LSTAT, '/'), Buffer);
  const pids = launchersOf(directory);
  t.equal(pids.length, 1);
  const [launcher = 0] = pids;
  const tree = processTree(launcher);
  t.equal(tree.length, 2, 'the launcher and the helper');
  for (const pid of tree) {
    for (const fd of [0, 1, 2])
      t.equal(deviceOf(pid, fd), statSync('/dev/null').rdev, `descriptor ${fd} of ${pid}`);
  }
  const session = execFileSync('ps', ['-o', 'sid=', '-p', String(launcher)], { encoding: 'utf8' });
  t.equal(Number(session), launcher, 'a session of its own');
  client.close();
  for (let turn = 0; turn < 500 && launchersOf(directory).length > 0; turn++) await sleep(10);
  t.strictSame(launchersOf(directory), [], 'it ends with its client');
  t.notOk(existsSync(socket));
});

/**
 * A machine with a syslog service, in a mount namespace: starts the command, breaks the rules as its client, and prints
 * what the service has got.
 */
const withSyslog =
  'import os, socket, subprocess, sys\n' +
  'command, directory, devices = sys.argv[1:]\n' +
  'for name, minor in [("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)]:\n' +
  '  os.mknod(f"{devices}/{name}", 0o20666, os.makedev(1, minor))\n' +
  'service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n' +
  'service.bind(f"{devices}/log"); service.settimeout(10)\n' +
  'subprocess.run(["mount", "--bind", devices, "/dev"], check=True)\n' +
  'subprocess.run([command, "--path", directory, "--socket", f"{directory}/socket", "--uid", "0", "--gid", "0"],\n' +
  '  check=True, env={"PATH": os.environ["PATH"]})\n' +
  'client = socket.socket(socket.AF_UNIX); client.connect(f"{directory}/socket")\n' +
  'client.sendall(b"\\xff" * 8)\n' +
  'print(service.recv(1000).decode())\n';

t.test('a daemon writes its messages to syslog', { skip: !isRoot && 'not root' }, async (t) => {
  const directory = scratch(t);
  const devices = scratch(t);
  const said = execFileSync('unshare', [
    ...['--mount', '--propagation=private', 'python3', '-c', withSyslog],
    ...[command, directory, devices],
  ]).toString();
  t.match(
    said,
    /^<27>virtfs-proxy-helper\[[0-9]+\]: error: the client sent a request of more than 65536 bytes/,
  );
});

const spawnWithDatagram =
  'one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n' +
  `done = subprocess.run([${JSON.stringify(command)},\n` +
  '  "--path", sys.argv[1], "--fd", str(one.fileno())], pass_fds=[one.fileno()],\n' +
  '  capture_output=True, text=True, env={"PATH": os.environ["PATH"]})\n' +
  'print(done.returncode, done.stderr)\n';

t.test('what fails in the background is said in the foreground', async (t) => {
  const directory = scratch(t);
  const listener = native.listen(join(directory, 'socket'));
  const datagram = execFileSync('python3', [
    ...['-c', 'import os,socket,subprocess,sys\n' + spawnWithDatagram],
    ...[directory],
  ]).toString();
  native.closeFd(listener);
  t.match(datagram, /^1 /, 'a status');
  t.match(
    datagram,
    /virtfs-proxy-helper: error: the descriptor given as --fd is not a Unix stream/,
  );
  t.strictSame(launchersOf(directory), []);
});

/** Of the helpers that export this directory. */
function launchersOf(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes('--daemon') && words.includes(`--shared-dir=${directory}`);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

/** Of the worker, whose root is the export, the path of a descriptor says little. */
function deviceOf(pid: number, fd: number): number {
  return statSync(`/proc/${pid}/fd/${fd}`).rdev;
}

t.test('an ordinary user has the helper for what is theirs', async (t) => {
  const workplace = new Workplace();
  chmodSync(workplace.path, 0o755);
  if (isRoot) {
    for (const path of [workplace.path, workplace.share]) {
      chownSync(path, ordinaryUser, ordinaryUser);
    }
  }
  const user = isRoot ? ordinaryUser : (process.getuid?.() ?? 0);
  const group = isRoot ? ordinaryUser : (process.getgid?.() ?? 0);
  const daemon = startHelper(t, {
    workplace,
    wrapper: asOrdinaryUser,
    options: [`--socket=${workplace.socket}`, ...owner(user, group)],
  });
  const client = await connectTo(daemon);
  t.equal(client.create('/file', 1, 0o644, 0, 0), true, "the guest's root is that user");
  t.equal(lstatSync(join(workplace.share, 'file')).uid, user);
  t.equal(client.create('/other', 1, 0o644, 1000, 1000), -75, 'nobody else is there: EOVERFLOW');
  t.notOk(existsSync(join(workplace.share, 'other')));
  t.equal(client.status(Request.MKNOD, 0, 0, '/device', 0o020666, 0x103n), -1, 'EPERM');
  client.close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
});
