// SPDX-License-Identifier: Apache-2.0

import type {
  Fd,
  NativeBinding,
  ReadableWatch,
  ReceivedBytes,
  SystemFailure,
} from '../../src/native/types.js';

interface Chunk {
  data: Uint8Array;
  fds: Fd[];
}

interface FakeSocket {
  readonly incoming: Chunk[];
  readonly sent: Uint8Array[];
  isEnded: boolean;
  receiveFailure: SystemFailure | null;
  sendFailure: SystemFailure | null;
}

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`${name} was not expected to be called`);
  };
}

const tooManyFds: SystemFailure = { errno: 90, code: 'EMSGSIZE', syscall: 'recvmsg' };

/**
 * An addon without a kernel: descriptors are numbers that must be closed once, sockets are queues. A send of the peer
 * keeps its boundary, as the kernel keeps it where descriptors come along.
 */
export class FakeBinding implements NativeBinding {
  readonly openFds = new Set<Fd>();
  readonly sockets = new Map<Fd, FakeSocket>();
  readonly signalled: Fd[] = [];
  readonly connections: Fd[] = [];
  readonly watches = new Map<Fd, () => void>();
  acceptFailure: SystemFailure | null = null;
  #nextFd = 100;

  connectDatagram: NativeBinding['connectDatagram'] = unexpected('connectDatagram');
  listenUnix: NativeBinding['listenUnix'] = unexpected('listenUnix');
  adoptListener: NativeBinding['adoptListener'] = unexpected('adoptListener');
  execLauncher: NativeBinding['execLauncher'] = unexpected('execLauncher');
  compileSeccomp: NativeBinding['compileSeccomp'] = unexpected('compileSeccomp');
  findSystemCall: NativeBinding['findSystemCall'] = unexpected('findSystemCall');
  nameSystemCall: NativeBinding['nameSystemCall'] = unexpected('nameSystemCall');
  createSealedFile: NativeBinding['createSealedFile'] = unexpected('createSealedFile');
  getOpenFileLimit: NativeBinding['getOpenFileLimit'] = unexpected('getOpenFileLimit');
  getEffectiveCapabilities: NativeBinding['getEffectiveCapabilities'] = unexpected(
    'getEffectiveCapabilities',
  );
  readSealedFile: NativeBinding['readSealedFile'] = unexpected('readSealedFile');
  createDevice: NativeBinding['createDevice'] = unexpected('createDevice');
  awaitConfinement: NativeBinding['awaitConfinement'] = unexpected('awaitConfinement');
  seal: NativeBinding['seal'] = unexpected('seal');
  probeDirectory: NativeBinding['probeDirectory'] = unexpected('probeDirectory');
  findCleanMappings: NativeBinding['findCleanMappings'] = unexpected('findCleanMappings');
  endProcess: NativeBinding['endProcess'] = unexpected('endProcess');
  get fileObjects(): NativeBinding['fileObjects'] {
    return unexpected('fileObjects')();
  }

  newFd(): Fd {
    const fd = this.#nextFd++ as Fd;
    this.openFds.add(fd);
    return fd;
  }

  newSocket(): Fd {
    const fd = this.newFd();
    this.sockets.set(fd, {
      incoming: [],
      sent: [],
      isEnded: false,
      receiveFailure: null,
      sendFailure: null,
    });
    return fd;
  }

  socket(fd: Fd): FakeSocket {
    const socket = this.sockets.get(fd);
    if (socket === undefined) throw new Error(`${fd} is not a socket`);
    return socket;
  }

  /** The peer sends. */
  deliver(fd: Fd, data: Uint8Array, fds: Fd[] = []): void {
    this.socket(fd).incoming.push({ data, fds });
    this.wake(fd);
  }

  /** The peer closes its end. */
  end(fd: Fd): void {
    this.socket(fd).isEnded = true;
    this.wake(fd);
  }

  connect(listener: Fd): Fd {
    const fd = this.newSocket();
    this.connections.push(fd);
    this.wake(listener);
    return fd;
  }

  wake(fd: Fd): void {
    queueMicrotask(() => {
      this.watches.get(fd)?.();
    });
  }

  accept(): Fd | null | SystemFailure {
    const failure = this.acceptFailure;
    this.acceptFailure = null;
    return failure ?? this.connections.shift() ?? null;
  }

  receive(fd: Fd, length: number, maxFds: number): ReceivedBytes | null | SystemFailure {
    this.#requireOpen(fd);
    const socket = this.socket(fd);
    if (socket.receiveFailure) return socket.receiveFailure;
    const [chunk] = socket.incoming;
    if (chunk === undefined) return socket.isEnded ? { data: new Uint8Array(0), fds: [] } : null;
    const fds = chunk.fds.splice(0);
    if (fds.length > maxFds) {
      for (const passed of fds) this.closeFd(passed);
      return tooManyFds;
    }
    const data = chunk.data.subarray(0, length);
    chunk.data = chunk.data.subarray(length);
    if (chunk.data.byteLength === 0) socket.incoming.shift();
    return { data, fds };
  }

  send(fd: Fd, data: Uint8Array): SystemFailure | undefined {
    this.#requireOpen(fd);
    const socket = this.socket(fd);
    if (socket.sendFailure) return socket.sendFailure;
    socket.sent.push(data);
    return undefined;
  }

  watchReadable(fd: Fd, callback: () => void): ReadableWatch {
    if (this.watches.has(fd)) throw new Error(`${fd} is watched already`);
    this.watches.set(fd, callback);
    this.wakeIfReadable(fd);
    return {
      close: () => {
        this.watches.delete(fd);
      },
    };
  }

  wakeIfReadable(fd: Fd): void {
    const socket = this.sockets.get(fd);
    const isReadable =
      socket === undefined
        ? this.connections.length > 0
        : socket.isEnded || socket.incoming.length > 0;
    if (isReadable) this.wake(fd);
  }

  signalEventfd(fd: Fd): undefined {
    this.#requireOpen(fd);
    this.signalled.push(fd);
  }

  closeFd(fd: Fd): void {
    this.#requireOpen(fd);
    this.openFds.delete(fd);
  }

  #requireOpen(fd: Fd): void {
    if (!this.openFds.has(fd)) throw new Error(`descriptor ${fd} is not open`);
  }
}
