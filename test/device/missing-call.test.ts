// SPDX-License-Identifier: Apache-2.0

// A system call that the policy lacks, in the life of a daemon: its end, its trace in the kernel's log, and the way out.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DaemonProcess, vfsdCommand, Workplace } from './daemon.js';
import { Op, root } from './guest.js';
import { Machine } from './machine.js';
import { projectRoot } from './native.js';
import { u32 } from './vhost-user-message.js';

const environment = { ...process.env, NODE_OPTIONS: '' };
const missing = 'fstatfs';

function kernelLog(): string {
  return spawnSync('dmesg', { encoding: 'utf8', maxBuffer: 1 << 26 }).stdout;
}

/** vfsd as it would be if its policy had no fstatfs, which STATFS needs. */
function incompleteVfsd(workplace: Workplace): string {
  const copy = join(workplace.path, 'vfsd');
  mkdirSync(join(copy, 'dist'), { recursive: true });
  cpSync(join(projectRoot, 'bin'), join(copy, 'bin'), { recursive: true });
  symlinkSync(join(projectRoot, 'build'), join(copy, 'build'));
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
  const bundle = readFileSync(join(projectRoot, 'dist/vfsd.js'), 'utf8');
  const without = bundle.replace(new RegExp(`(\\\\n|\\n)${missing} `), `$1# ${missing} `);
  if (without === bundle) throw new Error(`the bundle has no line for ${missing}`);
  writeFileSync(join(copy, 'dist/vfsd.js'), without);
  return join(copy, 'bin/vfsd');
}

interface MissingScene {
  readonly daemon: DaemonProcess;
  readonly machine: Machine;
}

async function openMissingScene(t: Test, ...options: string[]): Promise<MissingScene> {
  const workplace = new Workplace();
  const { share, socket } = workplace;
  const daemon = new DaemonProcess(workplace, {
    command: [
      incompleteVfsd(workplace),
      `--shared-dir=${share}`,
      `--socket-path=${socket}`,
      ...options,
    ],
  });
  t.teardown(async () => {
    await daemon.dispose();
  });
  await daemon.ready();
  const machine = new Machine(await daemon.connect());
  t.teardown(() => {
    machine.close();
  });
  machine.guest.init();
  return { daemon, machine };
}

/** The kernel's lines about refused calls since then. Empty where it writes none, or nobody may read them. */
async function linesSince(before: string): Promise<string[]> {
  const known = new Set(before.split('\n'));
  for (let attempt = 0; attempt < 20; attempt++) {
    const fresh = kernelLog()
      .split('\n')
      .filter((line) => line.includes('type=1326') && !known.has(line));
    if (fresh.length > 0) return fresh;
    await sleep(50);
  }
  return [];
}

function explain(lines: readonly string[]) {
  return spawnSync(vfsdCommand, ['seccomp', 'explain'], {
    encoding: 'utf8',
    env: environment,
    input: lines.join('\n'),
    timeout: 10_000,
  });
}

t.test('kill: the worker ends, and the launcher names the call', async (t) => {
  const before = kernelLog();
  const { daemon, machine } = await openMissingScene(t);
  machine.guest.start(Op.STATFS, root, u32());
  t.strictSame(await daemon.exited, { code: 128 + constants.signals.SIGSYS, signal: null });
  t.match(daemon.output, /vfsd: the worker was ended by signal 31, Bad system call: /);
  t.match(
    daemon.output,
    / the seccomp policy does not allow \(journalctl -k \| vfsd seccomp explain\)\n/,
  );
  const lines = await linesSince(before);
  if (lines.length === 0) {
    t.pass('named', { skip: 'the kernel writes no line here that could be read' });
    return;
  }
  t.match(daemon.output, /its thread vfsd-data-\d+ made the system call fstatfs \(\d+\), which/);
  const { stdout, status } = explain(lines);
  t.equal(status, 0);
  t.match(
    stdout,
    /^fstatfs \(\d+ on \w+\), by vfsd-data-\d+ of .*node.*: the process was killed$/m,
  );
  t.match(stdout, 'It is a thread that serves requests.');
});

t.test('log: the daemon goes on, and everything that is missing is in the log', async (t) => {
  const before = kernelLog();
  const { daemon, machine } = await openMissingScene(t, '--seccomp=log');
  for (let i = 0; i < 3; i++) t.equal(machine.guest.statfs().status, 'OK');
  t.equal(daemon.hasExited, false);
  const lines = await linesSince(before);
  if (lines.length === 0) {
    t.pass('explained', { skip: 'the kernel writes no line here that could be read' });
    return;
  }
  const { stdout } = explain(lines);
  t.match(stdout, /^fstatfs .*: it was let through and logged/m);
});

t.test('trap: the worker ends by the signal, without a word of the kernel', async (t) => {
  const { daemon, machine } = await openMissingScene(t, '--seccomp=trap');
  machine.guest.start(Op.STATFS, root, u32());
  t.strictSame(await daemon.exited, { code: 128 + constants.signals.SIGSYS, signal: null });
});

t.test('--seccomp-allow: the call is made, and every start tells of it', async (t) => {
  const { daemon, machine } = await openMissingScene(t, `--seccomp-allow=${missing}`);
  t.equal(machine.guest.statfs().status, 'OK');
  t.match(
    daemon.output,
    /warning: --seccomp-allow: more system calls than the policy has: fstatfs/,
  );
  t.equal(daemon.hasExited, false);
});
