// SPDX-License-Identifier: Apache-2.0

/**
 * One front-end, from its connection to its end: takes its messages strictly one after the other, answers them, and
 * gives everything back afterwards. Whatever a front-end sends ends at most its own session.
 */

import type { Logger } from '../log/logger.js';
import type { NativeBinding, NativeDevice, RingIndex } from '../native/types.js';
import { configMessages } from './config-messages.js';
import type { Connection } from './connection.js';
import type { DeviceOffer } from './device-offer.js';
import { featureMessages } from './feature-messages.js';
import { FramingError, FrontEndError } from './front-end-error.js';
import { memoryMessages } from './memory-messages.js';
import type { HandlerResult, MessageHandler } from './message-handler.js';
import type { Message } from './message.js';
import { ProtocolFeature, requestName, requestsAwaitingReply } from './protocol.js';
import { resetMessages } from './reset-messages.js';
import { SessionState } from './session-state.js';
import { encodeU64 } from './u64-codec.js';
import { vringMessages } from './vring-messages.js';

const handlers: ReadonlyMap<number, MessageHandler> = new Map(
  [featureMessages, memoryMessages, vringMessages, configMessages, resetMessages]
    .flat()
    .map((handler) => [handler.request, handler]),
);

// spec, "Communication": zero says success, anything else failure.
const success = encodeU64(0n);
const failure = encodeU64(1n);

export interface SessionSetup {
  readonly binding: Pick<NativeBinding, 'signalEventfd'>;
  readonly device: NativeDevice;
  readonly offer: DeviceOffer;
  readonly connection: Connection;
  /** Gets what the front-end can provoke: should be rate-limited. */
  readonly logger: Logger;
}

export class Session {
  readonly #setup: SessionSetup;
  readonly #state: SessionState;
  readonly #logger: Logger;

  constructor(setup: SessionSetup) {
    this.#setup = setup;
    this.#logger = setup.logger;
    this.#state = new SessionState(setup.device, setup.offer, setup.logger);
  }

  /**
   * Serves the front-end until it goes, breaks the protocol, or {@link stop} is called; then stops all rings, closes
   * every descriptor and forgets the guest. Never rejects for what the front-end does.
   */
  async run(): Promise<void> {
    const { connection } = this.#setup;
    try {
      for await (const message of connection.messages()) await this.#serve(message);
    } catch (error) {
      if (!(error instanceof FrontEndError)) throw error;
      this.#logger.error(`the front-end is disconnected: ${error.message}`);
    } finally {
      connection.close();
      await this.#state.stopRings();
      this.#state.close();
    }
  }

  /** Ends the session as if the front-end had gone; {@link run} resolves when everything is given back. */
  stop(): void {
    this.#setup.connection.close();
  }

  /**
   * The native side gave up a ring. The others go on; the front-end is told once, if it wants to know. A report always
   * arrives before the stop of the run that it is about is complete (see DeviceEvent): one that finds the ring stopped
   * is about a run of an earlier session, and nothing to this one.
   */
  ringBroken(index: RingIndex, reason: string): void {
    const ring = this.#state.rings[index];
    if (!ring?.markBroken()) return;
    this.#logger.error(
      `ring ${index} is broken and stays stopped until the driver resets it: ${reason}`,
      { ring: index, reason },
    );
    if (ring.errorFd !== null) this.#setup.binding.signalEventfd(ring.errorFd);
  }

  async #serve(message: Message): Promise<void> {
    try {
      this.#logger.debug(`${requestName(message.request)}, ${message.payload.byteLength} bytes`);
      const handler = handlers.get(message.request);
      if (handler === undefined || !this.#isNegotiated(handler)) this.#refuseUnknown(message);
      else await this.#handle(handler, message);
    } finally {
      message.closeFds();
    }
  }

  #isNegotiated({ requires = 0n }: MessageHandler): boolean {
    return requires === 0n || this.#state.hasProtocolFeature(requires);
  }

  async #handle(handler: MessageHandler, message: Message): Promise<void> {
    try {
      this.#answer(message, await handler.handle(this.#state, message));
    } catch (error) {
      this.#refuse(message, error);
    }
  }

  #answer(message: Message, result: HandlerResult): void {
    if (result !== undefined) this.#setup.connection.reply(message.request, result);
    else if (this.#mustAcknowledge(message)) this.#setup.connection.reply(message.request, success);
  }

  /** Reports a refused message where the front-end can hear it; otherwise the session cannot go on. */
  #refuse(message: Message, error: unknown): void {
    if (error instanceof FramingError || !(error instanceof FrontEndError)) throw error;
    const reason = `${requestName(message.request)}: ${error.message}`;
    // Where an answer of another kind is due, the failure would be taken for it.
    if (requestsAwaitingReply.has(message.request) || !this.#mustAcknowledge(message)) {
      throw new FrontEndError(reason, { cause: error });
    }
    this.#logger.warn(`refused ${reason}`);
    this.#setup.connection.reply(message.request, failure);
  }

  /** A request that vfsd does not have, or that was not negotiated. */
  #refuseUnknown(message: Message): void {
    const reason = `${requestName(message.request)}: not offered or not negotiated`;
    if (this.#mustAcknowledge(message)) {
      this.#logger.warn(`refused ${reason}`);
      this.#setup.connection.reply(message.request, failure);
      return;
    }
    if (requestsAwaitingReply.has(message.request)) throw new FrontEndError(reason);
    this.#logger.warn(`ignored ${reason}`);
  }

  #mustAcknowledge(message: Message): boolean {
    return message.needsReply && this.#state.hasProtocolFeature(ProtocolFeature.REPLY_ACK);
  }
}
