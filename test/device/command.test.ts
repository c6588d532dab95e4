// SPDX-License-Identifier: Apache-2.0

// The command as its users meet it: what it says when it cannot start, and how it ends.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { DaemonProcess, vfsdCommand, Workplace } from './daemon.js';
import { FrontEnd } from './front-end.js';
import { Machine } from './machine.js';
import { native } from './native.js';
import { processTree } from './process-tree.js';
import { startVfsd } from './scene.js';
import { Ask } from './vhost-user-message.js';

// The test runner's loaders are not the command's business.
const environment = { ...process.env, NODE_OPTIONS: '' };

function run(...options: string[]) {
  return spawnSync(vfsdCommand, options, { encoding: 'utf8', env: environment, timeout: 10_000 });
}

t.test('a wrong start is one line, an exit status, and nothing left behind', async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  const { share, socket, path } = workplace;
  writeFileSync(`${path}/a file`, '');
  mkdirSync(`${path}/a directory`);
  const to = `--socket-path=${socket}`;
  const from = `--shared-dir=${share}`;
  const wrong: readonly [string, string[], RegExp][] = [
    ['no options', [], /shared-dir/],
    ['no socket', [from], /socket-path/],
    ['a directory that is missing', [`--shared-dir=${path}/missing`, to], /missing/],
    ['a file as the share', [`--shared-dir=${path}/a file`, to], /a file/],
    ['an empty share', ['--shared-dir=', to], /shared-dir/],
    ['a socket path that is too long', [from, `--socket-path=/${'x'.repeat(120)}`], /107|long/],
    ['a socket in no directory', [from, `--socket-path=${path}/no/socket`], /no\/socket/],
    ['a socket where a file is', [from, `--socket-path=${path}/a file`], /a file/],
    ['a socket where a directory is', [from, `--socket-path=${path}/a directory`], /a directory/],
    ['a socket and a descriptor', [from, to, '--fd=3'], /--fd/],
    ['a descriptor that is not open', [from, '--fd=77'], /77/],
    ['standard error as the socket', [from, '--fd=2'], /--fd=2/],
    ['a descriptor that is no number', [from, '--fd=three'], /three/],
    ['an unknown option', [from, to, '--no-such-option'], /no-such-option/],
    ['an argument too many', [from, to, 'argument'], /argument/],
    ['an unknown mode', [from, to, '--sandbox=box'], /box/],
    ['an unknown cache', [from, to, '--cache=sometimes'], /sometimes/],
    ['an unknown level', [from, to, '--log-level=loud'], /loud/],
    ['too many threads', [from, to, '--thread-pool-size=65'], /65/],
    ['a contradiction', [from, to, '--writeback', '--cache=never'], /writeback/],
    ['another', [from, to, '--exit-on-disconnect', '--no-exit-on-disconnect'], /exit-on/],
    ['a group that is not there', [from, to, '--socket-group=no such group'], /no such group/],
    ['a group for a descriptor', [from, '--fd=5', '--socket-group=0'], /socket-group/],
    ['a tag that is too long', [from, to, `--tag=${'t'.repeat(37)}`], /tag/],
    ['a limit that is no number', [from, to, '--rlimit-nofile=many'], /many/],
    ['an attribute rule', [from, to, '--xattrmap=:prefx:all:a:b:'], /rule 1 .* type "prefx"/],
    ['an open list of rules', [from, to, '--xattrmap=:ok:client:::'], /that the host lists/],
    ['an unknown capability', [from, to, '--modcaps=+fly'], /"fly"/],
    [
      'ids twice',
      [from, to, '--translate-uid=map:0:5:9', '--translate-uid=guest:8:0:1'],
      /overlap/,
    ],
    ['ids without a namespace', [from, to, '--uid-map=:0:0:1:', '--sandbox=none'], /--uid-map/],
    ['ids without 0', [from, to, '--gid-map=:1:1:1:'], /map 0/],
    ['a time that is none', [from, to, '--entry-timeout=soon'], /soon/],
    ['yes and no', [from, to, '--flock', '--no-flock'], /--flock and --no-flock/],
    [
      'file handles where there are none',
      ['--shared-dir=/proc/self/task', to, '--inode-file-handles=mandatory'],
      /file handle/,
    ],
  ];
  for (const [what, options, says] of wrong) {
    const { status, stderr, stdout } = run(...options);
    t.ok(status !== null && status > 0 && status < 126, `${what}: exit status ${String(status)}`);
    t.match(stderr, /^[^\n]+\n$/, `${what}: one line`);
    t.match(stderr, says, what);
    t.equal(stdout, '');
    t.strictSame(readdirSync(path).sort(), ['a directory', 'a file', 'share'], 'nothing is left');
  }
});

t.test('a socket that somebody listens on is left alone', async (t) => {
  const daemon = await startVfsd(t);
  const { share, socket } = daemon.workplace;
  native.closeFd(await daemon.connect());
  const second = run(`--shared-dir=${share}`, `--socket-path=${socket}`);
  t.ok(second.status !== 0 && second.stderr.includes(socket));
  const machine = new Machine(await daemon.connect());
  t.equal(machine.guest.init().status, 'OK', 'the first one serves on');
  machine.close();
});

t.test('a socket that nobody listens on any more is replaced', async (t) => {
  const workplace = new Workplace();
  native.closeFd(native.listen(workplace.socket));
  const daemon = new DaemonProcess(workplace);
  const machine = new Machine(await daemon.connect());
  t.equal(machine.guest.init().status, 'OK');
  machine.close();
  t.strictSame(await daemon.dispose(), { code: 0, signal: null });
});

t.test('the socket belongs to its owner only', async (t) => {
  const daemon = await startVfsd(t);
  const frontEnd = new FrontEnd(await daemon.connect());
  frontEnd.query(Ask.GET_FEATURES);
  frontEnd.close();
  t.equal(statSync(daemon.workplace.socket).mode & 0o777, 0o600);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  for (const state of ['idle', 'connected', 'serving'] as const) {
    t.test(`${signal} ends it while it is ${state}`, async (t) => {
      const workplace = new Workplace();
      const daemon = new DaemonProcess(workplace);
      const fd = await daemon.connect();
      // The socket is there before the worker is: only an answer shows that it serves.
      const frontEnd = new FrontEnd(fd);
      frontEnd.query(Ask.GET_FEATURES);
      const pids = processTree(daemon.pid);
      if (state === 'idle') frontEnd.close();
      const machine = state === 'serving' ? new Machine(fd) : null;
      machine?.guest.init();
      const begin = Date.now();
      daemon.child.kill(signal);
      t.strictSame(await daemon.exited, { code: 0, signal: null });
      t.ok(Date.now() - begin < 3000, 'soon');
      t.notOk(existsSync(workplace.socket), 'the socket is gone');
      for (const pid of pids) t.notOk(existsSync(`/proc/${pid}`), `process ${pid} is gone`);
      if (machine) {
        t.ok(machine.frontEnd.isDisconnected());
        machine.close();
      } else frontEnd.close();
      t.notMatch(daemon.output, /error|at .*\.js/i, 'nothing to complain about');
      workplace.remove();
    });
  }
}

t.test('a signal at any moment of the start leaves nothing behind', async (t) => {
  const workplace = new Workplace();
  for (let delayMs = 10; delayMs <= 130; delayMs += 10) {
    const daemon = new DaemonProcess(workplace);
    await sleep(delayMs);
    daemon.child.kill('SIGTERM');
    await daemon.exited;
    t.notOk(existsSync(workplace.socket), `after ${delayMs} ms`);
  }
  workplace.remove();
});

t.test('it ends regularly where nobody reads what it says', async (t) => {
  const workplace = new Workplace();
  t.teardown(() => {
    workplace.remove();
  });
  const { share, socket } = workplace;
  const child = spawn(vfsdCommand, [`--shared-dir=${share}`, `--socket-path=${socket}`], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  // The worker is confined as soon as it says that it waits.
  await once(child.stderr, 'data');
  child.stderr.destroy();
  process.kill(processTree(child.pid ?? 0).at(-1) ?? 0, 'SIGKILL');
  t.strictSame(await ended, [128 + constants.signals.SIGKILL, null]);
  t.notOk(existsSync(socket), 'the socket is gone');
});

t.test('--fd takes a listening socket, and the end of the front-end is its end', async (t) => {
  const workplace = new Workplace();
  const listener = native.listen(workplace.socket);
  const daemon = new DaemonProcess(workplace, {
    command: [vfsdCommand, '--fd=3', `--shared-dir=${workplace.share}`],
    fds: [listener],
  });
  native.closeFd(listener);
  const machine = new Machine(await daemon.connect());
  t.equal(machine.guest.init().status, 'OK');
  machine.close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
  t.ok(existsSync(workplace.socket), 'whose socket it is not, it does not remove');
  workplace.remove();
});

t.test('--exit-on-disconnect and --no-exit-on-disconnect', async (t) => {
  const workplace = new Workplace();
  const daemon = new DaemonProcess(workplace, { options: ['--exit-on-disconnect'] });
  new FrontEnd(await daemon.connect()).close();
  t.strictSame(await daemon.exited, { code: 0, signal: null });
  t.notOk(existsSync(workplace.socket));
  workplace.remove();
});

t.test('information is printed and nothing is started', async (t) => {
  const capabilities = run('--print-capabilities');
  t.equal(capabilities.status, 0);
  t.match(JSON.parse(capabilities.stdout), { type: 'fs' });
  const version = run('--version');
  t.equal(version.status, 0);
  const { version: expected } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  t.match(version.stdout, expected);
  const help = run('--help');
  t.equal(help.status, 0);
  t.match(help.stdout, /--shared-dir/);
});
