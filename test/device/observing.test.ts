// SPDX-License-Identifier: Apache-2.0

// Questions to a daemon at work, through the control socket.

import { spawnSync } from 'node:child_process';
import { constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Status } from '../../src/metrics/status.js';
import { DaemonProcess, vfsdCommand, Workplace } from './daemon.js';
import { Op, root } from './guest.js';
import { native, type HeldFileSystem } from './native.js';
import { connectMachine, openScene } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';
import { until } from './until.js';

interface Observed {
  readonly daemon: DaemonProcess;
  readonly control: string;
}

async function observed(t: Test, ...options: string[]): Promise<Observed> {
  const workplace = new Workplace();
  const control = join(workplace.path, 'control');
  const daemon = new DaemonProcess(workplace, {
    options: [`--control-socket=${control}`, ...options],
  });
  t.teardown(() => daemon.dispose());
  await daemon.ready();
  return { daemon, control };
}

function vfsd(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('env', ['--unset=NODE_OPTIONS', vfsdCommand, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
}

function statOf(control: string): Status {
  const { stdout, stderr } = vfsd('stat', control, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Status;
}

/** Sends bytes to the control socket; resolves to what came back when the daemon hung up. */
async function exchange(control: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(control);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => {
      resolve(text);
    });
    // The daemon may hang up before it has been told everything.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.write(bytes);
  });
}

t.test('vfsd stat tells what the guest has done', async (t) => {
  const { daemon, control } = await observed(t, '--tag=src');
  t.equal(statSync(control).mode & 0o777, 0o600);
  t.match(statOf(control), { tag: 'src', connected: false, opcodes: [] });
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  for (let i = 0; i < 5; i++) machine.guest.lookup(root, 'missing');
  const stat = statOf(control);
  t.match(stat, { connected: true, readBytes: 0 });
  const lookup = stat.opcodes.find(({ opcode }) => opcode === 'LOOKUP');
  t.match(lookup, { requests: 5 });
  t.equal(
    lookup?.buckets.reduce((sum, count) => sum + count, 0),
    5,
  );
  t.ok((lookup?.nanoseconds ?? 0) > 1000);
  t.same(stat.errors, [{ errno: 2, count: 5 }]);
  t.equal(stat.queues[1]?.requests, 6, 'INIT and the lookups');
  t.equal(stat.queues[1]?.inProgress, 0);
  t.match(vfsd('stat', control).stdout, /LOOKUP +5 .*\n[^]*ENOENT +5/);
  machine.close();
});

t.test('Prometheus gets its text, also in a file', async (t) => {
  const { daemon, control } = await observed(t, '--tag=src');
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  const file = join(daemon.workplace.path, 'vfsd.prom');
  t.equal(vfsd('stat', control, '--prometheus', `--output=${file}`).status, 0);
  const text = readFileSync(file, 'utf8');
  t.match(text, /^vfsd_requests_total\{tag="src",shared_dir="[^"]+",opcode="INIT"\} 1$/m);
  t.match(text, /^vfsd_request_duration_seconds_bucket\{[^}]*opcode="INIT",le="\+Inf"\} 1$/m);
  machine.close();
});

t.test('the log level changes while the daemon runs', async (t) => {
  const { daemon, control } = await observed(t);
  t.equal(vfsd('log-level', control, 'error').status, 0);
  const quiet = daemon.output;
  (await connectMachine(t, daemon)).close();
  await until(
    () => !statOf(control).connected,
    () => daemon.output,
  );
  t.equal(daemon.output, quiet, 'nobody hears of the front-end');
  t.equal(vfsd('log-level', control, 'debug').status, 0);
  t.match(daemon.output, /the log level is debug now/);
  t.match(vfsd('log-level', control, 'loud'), { status: 1, stderr: /off, error, warn/ });
});

t.test('what a hostile client sends costs its connection only', async (t) => {
  const { control } = await observed(t);
  const answers: readonly [string, RegExp][] = [
    ['\0\0\0\0\r\n\r\n', /^HTTP\/1.1 400 /],
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1.1 404 /],
    ['POST /stat HTTP/1.1\r\n\r\n', /^HTTP\/1.1 405 [^]*Allow: GET/],
    ['GET /constructor HTTP/1.1\r\n\r\n', /^HTTP\/1.1 404 /],
    ['PUT /log-level HTTP/1.1\r\nContent-Length: 99999\r\n\r\n', /^HTTP\/1.1 413 /],
    ['PUT /log-level HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', /^HTTP\/1.1 501 /],
    ['x'.repeat(100_000), /^(HTTP\/1.1 431 |$)/],
  ];
  for (const [bytes, answer] of answers) {
    t.match(await exchange(control, bytes), answer, bytes.slice(0, 40));
  }
  const silent = Array.from({ length: 12 }, () => connect(control));
  for (const socket of silent) socket.on('error', () => undefined);
  await sleep(200);
  for (const socket of silent) socket.destroy();
  t.match(statOf(control), { connected: false });
});

t.test('a silent client does not keep the others out for ever', async (t) => {
  const { control } = await observed(t);
  const silent = Array.from({ length: 8 }, () => connect(control));
  for (const socket of silent) socket.on('error', () => undefined);
  const ends = silent.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  await Promise.all(ends);
  t.match(statOf(control), { connected: false });
});

t.test(
  'a slow request is logged, with what it waited for',
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const mounted: HeldFileSystem[] = [];
    const { daemon, guest } = await openScene(t, {
      options: ['--slow-request-ms=50', '--log-format=json'],
      furnish: (share) => {
        mkdirSync(`${share}/slow`);
        mounted.push(new native.HeldFileSystem(`${share}/slow`));
      },
    });
    const [slow] = mounted;
    if (slow === undefined) throw new Error('nothing was mounted');
    t.teardown(() => {
      slow.close();
    });
    const { node } = guest.lookup(guest.lookup(root, 'slow').node, 'file');
    const { handle } = guest.open(node, constants.O_RDONLY);
    guest.start(Op.READ, node, Buffer.concat([u64(handle, 0), u32(4096, 0), u64(0), u32(0, 0)]));
    t.ok(slow.waitHeld(1, 3000));
    await sleep(100);
    slow.release();
    guest.finish();
    await until(
      () => daemon.output.includes('slow request'),
      () => daemon.output,
    );
    const [line = ''] = daemon.output.split('\n').filter((text) => text.includes('slow request'));
    const record = JSON.parse(line) as Record<string, unknown>;
    t.match(record, { level: 'warn', opcode: 'READ', nodeid: String(node), waited: 'host' });
    // It was held for 100 ms by a clock that began a little before the daemon's.
    t.ok(Number(record['durationMs']) >= 50, line);
  },
);

t.test('the socket is removed at the end', async (t) => {
  const { daemon, control } = await observed(t);
  t.ok(existsSync(control));
  t.match(await daemon.stop(), { code: 0 });
  t.notOk(existsSync(control));
});

t.test('a reload changes cache timeouts and the log level of a daemon that runs', async (t) => {
  const workplace = new Workplace();
  const file = join(workplace.path, 'share.conf');
  const options = (...lines: string[]) => {
    writeFileSync(
      file,
      [
        `shared-dir = ${workplace.share}`,
        `socket-path = ${workplace.socket}`,
        `control-socket = ${join(workplace.path, 'control')}`,
        ...lines,
      ].join('\n'),
    );
  };
  options();
  writeFileSync(join(workplace.share, 'file'), '');
  const daemon = new DaemonProcess(workplace, { command: [vfsdCommand, `--config=${file}`] });
  t.teardown(() => daemon.dispose());
  await daemon.ready();
  const machine = await connectMachine(t, daemon);
  const { guest } = machine;
  guest.init();
  /** entry_valid and attr_valid of fuse_entry_out, in seconds. */
  const validity = (name: string) => {
    const { payload } = guest.lookup(root, name);
    return [payload.readBigUInt64LE(16), payload.readBigUInt64LE(24)].map(Number);
  };
  t.same(validity('file'), [1, 1]);
  t.equal(guest.lookup(root, 'missing').status, 'ENOENT');
  options('entry-timeout = 7', 'attr-timeout = 8.5', 'negative-timeout = 9', 'log-level = debug');
  const reloaded = vfsd('reload', `--config=${file}`);
  t.equal(reloaded.status, 0, reloaded.stderr);
  t.same(validity('file'), [7, 8]);
  t.same(validity('missing')[0], 9, 'a name that is not there');
  t.equal(statOf(join(workplace.path, 'control')).logLevel, 'debug');
  const refused = await exchange(
    join(workplace.path, 'control'),
    'PUT /timeouts HTTP/1.1\r\nContent-Length: 16\r\n\r\n{"entryNs":"-1"}',
  );
  t.match(refused, /^HTTP\/1.1 400/);
  t.same(validity('file'), [7, 8], 'nothing was changed by it');
  machine.close();
});
