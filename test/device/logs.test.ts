// SPDX-License-Identifier: Apache-2.0

// The log as its readers get it: JSON in a pipe, datagrams of the journal and of syslog. The services themselves are
// played: their sockets have fixed names, so that the daemon runs in a mount namespace with others in their places.

import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { DaemonProcess, Workplace } from './daemon.js';
import { connectMachine } from './scene.js';
import { until } from './until.js';

const isRoot = process.getuid?.() === 0;

const receiver = `
import os, socket, sys
service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
service.bind(sys.argv[1])
print("bound", flush=True)
while True: print(repr(service.recv(4096).decode()), flush=True)
`;

/** Starts a daemon that finds the test's socket at `place`, and breaks a ring of it. Returns what the socket got. */
async function datagrams(t: Test, place: string, ...options: string[]): Promise<string> {
  const service = new Workplace();
  const socket = `${service.path}/service`;
  const listening = new DaemonProcess(service, { command: ['python3', '-c', receiver, socket] });
  const workplace = new Workplace();
  const mounts = `
    mkdir -p /run/systemd/journal && touch ${place} 2>/dev/null
    mount -t tmpfs none "$(dirname ${place})" && touch ${place} && mount --bind ${socket} ${place} && exec "$@"`;
  await until(() => listening.output.includes('bound'));
  const daemon = new DaemonProcess(workplace, {
    options,
    wrapper: ['unshare', '--mount', '--propagation=private', 'sh', '-c', mounts, 'sh'],
  });
  t.teardown(async () => {
    await daemon.dispose();
    await listening.dispose();
  });
  const heard = () => readFileSync(service.log, 'utf8');
  await until(
    () => heard().includes('waiting for a front-end'),
    () => daemon.output + heard(),
  );
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  const { ring } = machine.queue(1);
  ring.publish(0xffff);
  ring.expose();
  await until(() => heard().includes('is broken'), heard);
  machine.close();
  t.notMatch(daemon.output, /broken/, 'nothing of it is on stderr');
  return heard();
}

t.test('the journal gets fields', { skip: !isRoot }, async (t) => {
  const heard = await datagrams(
    t,
    '/run/systemd/journal/socket',
    ...['--log-format=journal', '--tag=src'],
  );
  const [line = ''] = heard.split('\n').filter((text) => text.includes('is broken'));
  for (const field of ['PRIORITY=3', 'SYSLOG_IDENTIFIER=vfsd', 'VFSD_TAG=src', 'VFSD_RING=1']) {
    t.ok(line.includes(`\\n${field}\\n`), field);
  }
});

t.test('JSON has an object in each line', async (t) => {
  const workplace = new Workplace();
  const daemon = new DaemonProcess(workplace, { options: ['--log-format=json', '--tag=src'] });
  await daemon.ready();
  t.match(await daemon.stop(), { code: 0 });
  const records = daemon.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.ok(records.length >= 2);
  t.match(records[0], { level: 'info', tag: 'src', sharedDir: workplace.share });
  workplace.remove();
});

t.test('a service that is not there is an error where it was asked for', async (t) => {
  const workplace = new Workplace();
  const daemon = new DaemonProcess(workplace, {
    options: ['--syslog'],
    wrapper: isRoot
      ? [
          ...['unshare', '--mount', '--propagation=private', 'sh', '-c'],
          ...['mount -t tmpfs none /dev && exec "$@"', 'sh'],
        ]
      : [],
  });
  const exit = await daemon.exited;
  if (isRoot) {
    t.equal(exit.code, 2);
    t.match(daemon.output, /cannot write the log to \/dev\/log/);
  }
  await daemon.dispose();
});
