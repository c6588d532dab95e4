// SPDX-License-Identifier: Apache-2.0

import { OwnedFd } from '../../src/native/owned-fd.js';
import type { Fd } from '../../src/native/types.js';
import { Connection } from '../../src/vhost-user/connection.js';
import type { DeviceOffer } from '../../src/vhost-user/device-offer.js';
import { Request } from '../../src/vhost-user/protocol.js';
import { Session } from '../../src/vhost-user/session.js';
import { FakeBinding } from './fake-binding.js';
import { FakeDevice } from './fake-device.js';
import { u64 } from './payloads.js';
import { RecordingLogger } from './recording-logger.js';

export interface MessageOptions {
  readonly fds?: Fd[];
  readonly needReply?: boolean;
  /** Replaces the header's flags. */
  readonly flags?: number;
  /** Replaces the header's payload size. */
  readonly size?: number;
}

/** A message's bytes. */
export function encodeMessage(
  request: number,
  payload: Uint8Array,
  options: MessageOptions = {},
): Uint8Array {
  const bytes = new Uint8Array(12 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, request, true);
  view.setUint32(4, options.flags ?? (options.needReply ? 0x9 : 0x1), true);
  view.setUint32(8, options.size ?? payload.byteLength, true);
  bytes.set(payload, 12);
  return bytes;
}

export interface Reply {
  readonly request: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Everything that protocol features can offer, but CONFIG. */
export const allProtocolFeatures = 0xa029n;
export const allFeatures = 0x1_7000_0000n;

/** A front-end at a session on fakes. */
export class FakeFrontEnd {
  readonly binding = new FakeBinding();
  readonly device = new FakeDevice();
  readonly logger = new RecordingLogger();
  readonly session: Session;
  readonly finished: Promise<void>;
  readonly socket: Fd;
  isFinished = false;

  constructor(offer: Partial<DeviceOffer> = {}) {
    this.socket = this.binding.newSocket();
    const connection = new Connection(this.binding, new OwnedFd(this.binding, this.socket));
    this.session = new Session({
      binding: this.binding,
      device: this.device,
      offer: { requestQueues: 2, tag: null, memorySlots: 4, ...offer },
      connection,
      logger: this.logger,
    });
    this.finished = this.session.run().finally(() => {
      this.isFinished = true;
    });
  }

  get replies(): readonly Reply[] {
    return this.binding.socket(this.socket).sent.map((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return {
        request: view.getUint32(0, true),
        flags: view.getUint32(4, true),
        payload: bytes.subarray(12),
      };
    });
  }

  newFd(): Fd {
    return this.binding.newFd();
  }

  /** Sends a message and waits until it has been served. */
  async send(request: number, payload: Uint8Array, options: MessageOptions = {}): Promise<void> {
    this.binding.deliver(this.socket, encodeMessage(request, payload, options), options.fds);
    await this.settle();
  }

  /** Sends a message and returns the only answer, or null for none. */
  async ask(
    request: number,
    payload: Uint8Array = new Uint8Array(0),
    options: MessageOptions = {},
  ): Promise<Reply | null> {
    const before = this.replies.length;
    await this.send(request, payload, options);
    const answers = this.replies.slice(before);
    if (answers.length > 1) throw new Error('more than one answer');
    return answers[0] ?? null;
  }

  /** Sends a message that wants an acknowledgement, and returns its value. */
  async acknowledge(
    request: number,
    payload: Uint8Array = new Uint8Array(0),
    fds: Fd[] = [],
  ): Promise<bigint | null> {
    const reply = await this.ask(request, payload, { fds, needReply: true });
    if (reply?.payload.byteLength !== 8) return null;
    return new DataView(reply.payload.buffer, reply.payload.byteOffset).getBigUint64(0, true);
  }

  /** What every front-end does first. */
  async negotiate(protocolFeatures = allProtocolFeatures, features = allFeatures): Promise<void> {
    await this.send(Request.SET_PROTOCOL_FEATURES, u64(protocolFeatures));
    await this.send(Request.SET_OWNER, new Uint8Array(0));
    await this.send(Request.SET_FEATURES, u64(features));
  }

  /** Goes away, and waits until the session has noticed. */
  async disconnect(): Promise<void> {
    this.binding.end(this.socket);
    await this.finished;
  }

  /** Lets everything run that can run without a new message. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
