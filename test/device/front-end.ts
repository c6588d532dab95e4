// SPDX-License-Identifier: Apache-2.0

/** Plays the VMM: one vhost-user connection. Every call is synchronous and bounded, so that a test reads as a script. */

import { native, type DriverRing, type MemoryRegion } from './native.js';
import {
  Ask,
  encodeMemoryTable,
  encodeMessage,
  encodeSingleRegion,
  headerSize,
  needReply,
  Protocol,
  u32,
  u64,
  Virtio,
} from './vhost-user-message.js';

const patienceMs = 5000;

export interface Answer {
  readonly request: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** What can be learnt of an address only from the table it lies in. */
export interface RingAddresses {
  readonly descriptors: bigint;
  readonly available: bigint;
  readonly used: bigint;
}

export class FrontEnd {
  readonly fd: number;
  /** Both sides have agreed on REPLY_ACK. */
  hasReplyAck = false;
  features = 0n;
  protocolFeatures = 0n;
  #isClosed = false;

  /** Takes the connected socket over. */
  constructor(fd: number) {
    this.fd = fd;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    native.closeFd(this.fd);
  }

  /** Sends bytes as they are. Returns false when the back-end has hung up. */
  sendRaw(bytes: Uint8Array, fds: readonly number[] = []): boolean {
    let rest = bytes;
    let passed = fds;
    while (rest.byteLength > 0) {
      const taken = native.send(this.fd, rest, passed);
      if (taken < 0) return false;
      rest = rest.subarray(taken);
      passed = [];
    }
    return true;
  }

  /** The next answer; null when the back-end has hung up. Throws when there is none in time. */
  receive(timeoutMs = patienceMs): Answer | null {
    const header = this.#read(headerSize, timeoutMs);
    if (header === null) return null;
    const payload = this.#read(header.readUInt32LE(8), timeoutMs);
    if (payload === null) return null;
    return { request: header.readUInt32LE(0), flags: header.readUInt32LE(4), payload };
  }

  /** Sends a request that has an answer of its own, and returns that. Throws when the back-end hangs up. */
  query(request: number, payload: Uint8Array = u32()): Buffer {
    this.sendRaw(encodeMessage(request, payload));
    const answer = this.receive();
    if (answer?.request !== request) throw new Error(`no answer to request ${request}`);
    return answer.payload;
  }

  /** Sends a request and throws unless it is acknowledged. Without REPLY_ACK a query behind it makes sure of that. */
  command(request: number, payload: Uint8Array, fds: readonly number[] = []): void {
    const status = this.attempt(request, payload, fds);
    if (status !== 'done') throw new Error(`request ${request} was ${status}`);
  }

  /** What becomes of a request: done, refused with an answer, or answered by hanging up. */
  attempt(
    request: number,
    payload: Uint8Array,
    fds: readonly number[] = [],
  ): 'done' | 'refused' | 'disconnected' {
    if (!this.sendRaw(encodeMessage(request, payload, this.hasReplyAck ? needReply : 0), fds)) {
      return 'disconnected';
    }
    if (!this.hasReplyAck) {
      this.sendRaw(encodeMessage(Ask.GET_FEATURES, u32()));
      return this.receive() === null ? 'disconnected' : 'done';
    }
    const answer = this.receive();
    if (answer === null) return 'disconnected';
    return answer.payload.length === 8 && answer.payload.readBigUInt64LE() === 0n
      ? 'done'
      : 'refused';
  }

  /** True when the back-end has hung up, or does so in time. Answers that are due are passed over. */
  isDisconnected(timeoutMs = patienceMs): boolean {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      const bytes = native.receive(this.fd, 4096, 50);
      // Anything but a timeout: the end, or a reset because our own bytes were not read.
      if (typeof bytes === 'number') {
        if (bytes !== -110) return true;
      } else if (bytes.length === 0) return true;
    }
    return false;
  }

  /** The conversation that begins every session. Takes of the wanted features what is offered. */
  negotiate(wanted: bigint, wantedProtocol: bigint): void {
    const offered = this.query(Ask.GET_FEATURES).readBigUInt64LE();
    if ((offered & Virtio.PROTOCOL_FEATURES) !== 0n) {
      const protocol = this.query(Ask.GET_PROTOCOL_FEATURES).readBigUInt64LE() & wantedProtocol;
      this.command(Ask.SET_PROTOCOL_FEATURES, u64(protocol));
      this.protocolFeatures = protocol;
      this.hasReplyAck = (protocol & Protocol.REPLY_ACK) !== 0n;
    }
    this.command(Ask.SET_OWNER, u32());
    this.features = offered & (wanted | Virtio.PROTOCOL_FEATURES);
    this.command(Ask.SET_FEATURES, u64(this.features));
  }

  setMemory(regions: readonly MemoryRegion[]): void {
    this.command(
      Ask.SET_MEM_TABLE,
      encodeMemoryTable(regions),
      regions.map(({ fd }) => fd),
    );
  }

  addRegion(region: MemoryRegion): void {
    this.command(Ask.ADD_MEM_REG, encodeSingleRegion(region), [region.fd]);
  }

  removeRegion(region: MemoryRegion): void {
    this.command(Ask.REM_MEM_REG, encodeSingleRegion(region));
  }

  /** Sets a ring up and starts it, in QEMU's order. */
  startRing(
    index: number,
    size: number,
    base: number,
    { descriptors, used, available }: RingAddresses,
    ring: Pick<DriverRing, 'kickFd' | 'callFd' | 'errorFd'>,
  ): void {
    this.command(Ask.SET_VRING_CALL, u64(index), [ring.callFd]);
    this.command(Ask.SET_VRING_ERR, u64(index), [ring.errorFd]);
    this.command(Ask.SET_VRING_NUM, u32(index, size));
    this.command(Ask.SET_VRING_BASE, u32(index, base));
    this.command(
      Ask.SET_VRING_ADDR,
      Buffer.concat([u32(index, 0), u64(descriptors, used, available, 0)]),
    );
    this.command(Ask.SET_VRING_KICK, u64(index), [ring.kickFd]);
    this.enableRing(index, true);
  }

  enableRing(index: number, isEnabled: boolean): void {
    this.command(Ask.SET_VRING_ENABLE, u32(index, isEnabled ? 1 : 0));
  }

  /** GET_VRING_BASE: stops the ring and says where it has come to. */
  stopRing(index: number): number {
    return this.query(Ask.GET_VRING_BASE, u32(index, 0)).readUInt32LE(4);
  }

  #read(size: number, timeoutMs: number): Buffer | null {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const bytes = native.receive(this.fd, missing, timeoutMs);
      if (typeof bytes === 'number') {
        if (bytes === -104) return null; // ECONNRESET
        throw new Error(`no answer from the back-end: errno ${-bytes}`);
      }
      if (bytes.length === 0) return null;
      parts.push(bytes);
      missing -= bytes.length;
    }
    return Buffer.concat(parts);
  }
}
