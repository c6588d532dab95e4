// SPDX-License-Identifier: Apache-2.0

// What a service manager such as systemd sees of vfsd: readiness, how it is, a watchdog, and a socket that it passes.

import { closeSync, existsSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { DaemonProcess, Workplace } from './daemon.js';
import { native } from './native.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import { until } from './until.js';

/** Receives datagrams as systemd does, and writes them down with the sender's process id. */
const receiver = `
import os, socket, struct, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
manager.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, control, _, _ = manager.recvmsg(4096, 1024)
    pid = next(struct.unpack("iII", c[2])[0] for c in control if c[1] == socket.SCM_CREDENTIALS)
    print(pid, data.decode(), flush=True)
`;

class Manager {
  readonly path: string;
  readonly #log: string;
  readonly #process: DaemonProcess;

  private constructor(path: string, log: string, process: DaemonProcess) {
    this.path = path;
    this.#log = log;
    this.#process = process;
  }

  static async start(t: Test): Promise<Manager> {
    const workplace = new Workplace();
    const path = `${workplace.path}/notify`;
    const process = new DaemonProcess(workplace, { command: ['python3', '-c', receiver, path] });
    t.teardown(async () => {
      await process.dispose();
    });
    const manager = new Manager(path, workplace.log, process);
    await manager.hears(/bound/);
    return manager;
  }

  /** What was heard, once it has this in it. */
  async hears(wanted: RegExp): Promise<string> {
    const heard = () => readFileSync(this.#log, 'utf8');
    await until(
      () => wanted.test(heard()),
      () => `not heard: ${String(wanted)} in\n${this.#process.output}`,
    );
    return heard();
  }
}

t.test('readiness, state and the end are told by the process that was started', async (t) => {
  const manager = await Manager.start(t);
  const daemon = await startVfsd(t, {
    options: ['--tag=src'],
    environment: { NOTIFY_SOCKET: manager.path },
    endsInTest: true,
  });
  const early = await manager.hears(/READY=1/);
  t.match(early, new RegExp(`^${daemon.pid} READY=1$`, 'm'), 'by the launcher, which has its pid');
  t.notMatch(early, /WATCHDOG/);
  await manager.hears(/STATUS=tag src, waiting for a front-end/);
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  await manager.hears(/STATUS=tag src, a front-end is connected, [0-9]+ requests\/s/);
  machine.close();
  await manager.hears(/is connected, 0 requests\/s\n(.*\n)*.*waiting for a front-end/);
  t.match(await daemon.stop(), { code: 0 });
  const heard = await manager.hears(/STOPPING=1/);
  const senders = new Set(
    heard
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(' ')[0]),
  );
  t.same([...senders], [String(daemon.pid)]);
});

t.test('a watchdog hears of a worker that is at work', async (t) => {
  const manager = await Manager.start(t);
  await startVfsd(t, { environment: { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '200000' } });
  const heard = await manager.hears(/(.*WATCHDOG=1\n(.*STATUS.*\n)*){4}/);
  t.ok(heard.includes('WATCHDOG=1'));
});

t.test('a manager that is not there is an error of the start', async (t) => {
  const workplace = new Workplace();
  const daemon = new DaemonProcess(workplace, {
    environment: { NOTIFY_SOCKET: '/nowhere/notify' },
  });
  t.match(await daemon.exited, { code: 2 });
  t.match(daemon.output, /cannot tell the service manager on \/nowhere\/notify.*NOTIFY_SOCKET/);
  await daemon.dispose();
});

t.test('a socket that was passed is served, also after its first front-end', async (t) => {
  const workplace = new Workplace();
  const listener = native.listen(workplace.socket);
  // LISTEN_PID has to be the daemon's own: a shell sets it and becomes the daemon.
  const daemon = new DaemonProcess(workplace, {
    command: [
      ...['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh'],
      ...[new URL('../../bin/vfsd', import.meta.url).pathname, `--shared-dir=${workplace.share}`],
    ],
    fds: [listener],
  });
  t.teardown(async () => {
    await daemon.dispose();
  });
  closeSync(listener);
  await daemon.ready();
  for (let front = 0; front < 2; front++) {
    const machine = await connectMachine(t, daemon);
    machine.guest.init();
    stillServes(t, machine.guest, `front-end ${front}`);
    machine.close();
  }
  t.match(await daemon.stop(), { code: 0 });
  t.ok(existsSync(workplace.socket), 'the socket is not vfsd’s to remove');
});
