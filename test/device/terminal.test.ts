// SPDX-License-Identifier: Apache-2.0

// vfsd in a terminal, where its end must need nothing of the terminal.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import { vfsdCommand, Workplace } from './daemon.js';
import { FrontEnd } from './front-end.js';
import { native } from './native.js';
import { Ask } from './vhost-user-message.js';

const interrupt = '\x03';
const patienceMs = 10_000;

/** vfsd with a terminal of its own, whose keys are the standard input of script(1). */
function openTerminal(t: Test, workplace: Workplace, ...options: readonly string[]) {
  const command = [
    vfsdCommand,
    `--shared-dir=${workplace.share}`,
    `--socket-path=${workplace.socket}`,
    ...options,
  ];
  const child = spawn('script', ['-qec', `exec ${command.join(' ')}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', SHELL: '/bin/sh' },
  });
  const kill = setTimeout(() => child.kill('SIGTERM'), patienceMs);
  let shown = '';
  let isReady: () => void;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (shown.includes('waiting for a front-end')) isReady();
  });
  const ended = new Promise<{ status: number | null; shown: string }>((resolve, reject) => {
    child.once('error', reject).once('close', (status) => {
      clearTimeout(kill);
      isReady();
      resolve({ status, shown });
    });
  });
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
    workplace.remove();
  });
  return {
    ready,
    ended,
    press: (key: string) => {
      child.stdin.write(key);
    },
  };
}

t.test('Ctrl-C ends it regularly, and all of its log is there', async (t) => {
  const workplace = new Workplace();
  const terminal = openTerminal(t, workplace);
  await terminal.ready;
  terminal.press(interrupt);
  const { status, shown } = await terminal.ended;
  t.equal(status, 0, shown);
  t.notMatch(shown, /Bad system call|ended by signal/);
  t.match(shown, /SIG(INT|TERM): ending\r\n/, 'the last line of the log');
  t.notOk(existsSync(workplace.socket), 'the socket is gone');
});

t.test('the end of the front-end ends it regularly', async (t) => {
  const workplace = new Workplace();
  const terminal = openTerminal(t, workplace, '--exit-on-disconnect');
  await terminal.ready;
  const frontEnd = new FrontEnd(native.connect(workplace.socket));
  frontEnd.query(Ask.GET_FEATURES);
  frontEnd.close();
  const { status, shown } = await terminal.ended;
  t.equal(status, 0, shown);
  t.notMatch(shown, /Bad system call|ended by signal/);
  t.match(shown, /the front-end has gone\r\n/, 'the last line of the log');
  t.notOk(existsSync(workplace.socket), 'the socket is gone');
});
