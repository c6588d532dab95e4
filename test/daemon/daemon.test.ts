// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Daemon } from '../../src/daemon/daemon.js';
import { Listener } from '../../src/daemon/listener.js';
import type { Fd, RingIndex } from '../../src/native/types.js';
import { Request } from '../../src/vhost-user/protocol.js';
import { FakeBinding } from '../doubles/fake-binding.js';
import { FakeDevice } from '../doubles/fake-device.js';
import { encodeMessage } from '../doubles/fake-front-end.js';
import {
  empty,
  u64,
  vringAddress,
  vringState,
  memoryTable,
  regionNumber,
} from '../doubles/payloads.js';
import { RecordingLogger } from '../doubles/recording-logger.js';

class Running {
  readonly binding = new FakeBinding();
  readonly device = new FakeDevice();
  readonly logger = new RecordingLogger();
  readonly listenerFd = this.binding.newFd();
  readonly daemon: Daemon;
  readonly ended: Promise<void>;
  isEnded = false;

  constructor({ exitOnDisconnect = false, drainLimitMs = 50 } = {}) {
    const { binding, device, logger } = this;
    this.daemon = new Daemon({
      binding,
      device,
      listener: new Listener(binding, this.listenerFd, logger),
      offer: { requestQueues: 1, tag: null, memorySlots: 8 },
      exitOnDisconnect,
      logger,
      limitedLogger: logger,
      drainLimitMs,
    });
    this.ended = this.daemon.run().finally(() => {
      this.isEnded = true;
    });
  }

  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async connect(): Promise<Fd> {
    const socket = this.binding.connect(this.listenerFd);
    await this.settle();
    return socket;
  }

  async send(socket: Fd, request: number, payload: Uint8Array, fds: Fd[] = []): Promise<void> {
    this.binding.deliver(socket, encodeMessage(request, payload), fds);
    await this.settle();
  }

  async startRing(socket: Fd): Promise<void> {
    await this.send(socket, Request.SET_FEATURES, u64(1n << 32n));
    await this.send(socket, Request.SET_MEM_TABLE, memoryTable([regionNumber(0)]), [
      this.binding.newFd(),
    ]);
    await this.send(socket, Request.SET_VRING_NUM, vringState(0, 64));
    await this.send(socket, Request.SET_VRING_ADDR, vringAddress(0));
    await this.send(socket, Request.SET_VRING_KICK, u64(0n), [this.binding.newFd()]);
  }
}

t.test('front-ends are served one after the other', async (t) => {
  const running = new Running();
  const first = await running.connect();
  const second = await running.connect();
  await running.send(second, Request.GET_FEATURES, empty);
  t.equal(running.binding.socket(second).sent.length, 0, 'the second waits');
  await running.startRing(first);
  t.equal(running.device.running.size, 1);
  running.binding.end(first);
  await running.settle();
  await running.settle();
  t.equal(running.device.running.size, 0);
  t.equal(running.device.resets, 1);
  t.equal(running.binding.socket(second).sent.length, 1, 'now it is served');
  t.same(running.binding.openFds, new Set([running.listenerFd, second]));
  running.daemon.stop();
  await running.ended;
  t.same(running.binding.openFds, new Set());
});

t.test('the daemon ends with its front-end if it is told to', async (t) => {
  const running = new Running({ exitOnDisconnect: true });
  const socket = await running.connect();
  running.binding.end(socket);
  await running.ended;
  t.match(running.logger.at('info').at(-1), /has gone$/);
});

t.test('stop ends a daemon that waits', async (t) => {
  const running = new Running();
  await running.settle();
  t.notOk(running.isEnded);
  running.daemon.stop();
  await running.ended;
  t.ok(running.isEnded);
});

t.test('stop lets requests finish, for a limited time', async (t) => {
  const running = new Running({ drainLimitMs: 30 });
  const socket = await running.connect();
  await running.startRing(socket);
  let drained: () => void = () => undefined;
  running.device.drain = new Promise((resolve) => (drained = resolve));
  const before = performance.now();
  // Keeps the event loop alive, as the native threads do.
  const alive = setInterval(() => undefined, 10);
  running.daemon.stop();
  await running.settle();
  t.notOk(running.isEnded, 'it waits');
  await running.ended;
  clearInterval(alive);
  t.ok(performance.now() - before >= 25, 'not for ever');
  drained();
});

t.test('a second signal does not cut the wait short', async (t) => {
  const running = new Running({ drainLimitMs: 100_000 });
  const socket = await running.connect();
  await running.startRing(socket);
  let drained: () => void = () => undefined;
  running.device.drain = new Promise((resolve) => (drained = resolve));
  running.daemon.stop();
  running.daemon.stop();
  t.notOk(
    running.binding.openFds.has(running.listenerFd),
    'the listening socket is closed at once',
  );
  await running.settle();
  t.notOk(running.isEnded, 'it waits');
  drained();
  await running.ended;
  t.equal(running.device.running.size, 0, 'until the ring has stopped');
  t.equal(running.device.resets, 1);
});

t.test('a mistake in the program costs one session', async (t) => {
  const running = new Running();
  const socket = await running.connect();
  running.device.resetSession = () => {
    throw new Error('out of order');
  };
  running.binding.end(socket);
  await running.settle();
  t.match(running.logger.at('error').at(-1), /session ended: out of order/);
  const next = await running.connect();
  await running.send(next, Request.GET_FEATURES, empty);
  t.equal(running.binding.socket(next).sent.length, 1);
  running.daemon.stop();
  await running.ended;
});

t.test('a ring that the driver broke is reported', async (t) => {
  const running = new Running();
  running.daemon.handleEvent({ kind: 'ring-broken', index: 0 as RingIndex, reason: 'too late' });
  const socket = await running.connect();
  running.daemon.handleEvent({ kind: 'ring-broken', index: 0 as RingIndex, reason: 'too late' });
  t.same(running.logger.at('error'), [], 'no ring of this session');
  await running.startRing(socket);
  running.daemon.handleEvent({ kind: 'ring-broken', index: 0 as RingIndex, reason: 'a loop' });
  running.daemon.handleEvent({ kind: 'ring-broken', index: 1 as RingIndex, reason: 'too late' });
  t.same(running.logger.at('error').length, 1);
  t.match(running.logger.at('error').join(), /a loop/);
  running.daemon.stop();
  await running.ended;
});

t.test('a connection that fails to be accepted', async (t) => {
  const running = new Running();
  await running.settle();
  running.binding.acceptFailure = { errno: 103, code: 'ECONNABORTED', syscall: 'accept4' };
  running.binding.wake(running.listenerFd);
  await running.settle();
  t.match(running.logger.at('warn')[0], /could not connect.*ECONNABORTED/);
  t.notOk(running.isEnded);
  running.daemon.stop();
  await running.ended;
  const broken = new Running();
  broken.binding.acceptFailure = { errno: 22, code: 'EINVAL', syscall: 'accept4' };
  await broken.settle();
  broken.binding.acceptFailure = { errno: 22, code: 'EINVAL', syscall: 'accept4' };
  broken.binding.wake(broken.listenerFd);
  await t.rejects(broken.ended, { code: 'VFSD_NATIVE_CALL' });
});
