// SPDX-License-Identifier: Apache-2.0

/**
 * The worker's life after its start: one front-end after the other, until it is told to end. Knows nothing of how
 * the process was confined.
 */

import type { Logger } from '../log/logger.js';
import type { OwnedFd } from '../native/owned-fd.js';
import type { DeviceEvent, NativeBinding, NativeDevice } from '../native/types.js';
import { Connection } from '../vhost-user/connection.js';
import type { DeviceOffer } from '../vhost-user/device-offer.js';
import { Session } from '../vhost-user/session.js';
import type { Listener } from './listener.js';

/** How long requests that are under way may delay the end, in milliseconds. */
export const drainLimitMs = 2000;

export interface DaemonSetup {
  readonly binding: NativeBinding;
  readonly device: NativeDevice;
  readonly listener: Listener;
  readonly offer: DeviceOffer;
  readonly exitOnDisconnect: boolean;
  readonly logger: Logger;
  /** For what a guest or a front-end provokes. */
  readonly limitedLogger: Logger;
  readonly drainLimitMs?: number;
  readonly onStateChange?: (state: DaemonState) => void;
}

export type DaemonState = 'waiting' | 'connected';

export class Daemon {
  readonly #setup: DaemonSetup;
  readonly #drainOver: Promise<void>;
  #endDrain: () => void = () => undefined;
  #session: Session | null = null;
  #isStopping = false;

  constructor(setup: DaemonSetup) {
    this.#setup = setup;
    this.#drainOver = new Promise((resolve) => {
      this.#endDrain = resolve;
    });
  }

  /** Serves front-ends until {@link stop}, or until the first one has gone if the configuration says so. */
  async run(): Promise<void> {
    for (;;) {
      this.#setup.onStateChange?.('waiting');
      const socket = await this.#setup.listener.accept();
      if (socket === null) return;
      await Promise.race([this.#serve(socket), this.#drainOver]);
      if (this.#isStopping) return;
      if (this.#setup.exitOnDisconnect) {
        this.#setup.logger.info('the front-end has gone');
        return;
      }
      this.#setup.logger.info('the front-end has gone, waiting for another');
    }
  }

  /**
   * Ends {@link run}: what is under way may finish for a short time. Calling it again changes nothing: one Ctrl-C
   * reaches this process twice, from the terminal and from the launcher. The launcher also sees to it that the end
   * comes.
   */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#setup.listener.close();
    this.#session?.stop();
    setTimeout(this.#endDrain, this.#setup.drainLimitMs ?? drainLimitMs).unref();
  }

  /** Takes what the native threads report. */
  handleEvent(event: DeviceEvent): void {
    if (event.kind === 'ring-broken') this.#session?.ringBroken(event.index, event.reason);
    else this.#logSlowRequests();
  }

  #logSlowRequests(): void {
    for (const slow of this.#setup.device.takeSlowRequests()) {
      const { opcode, queue, slept, errno } = slow;
      const durationMs = Math.round(slow.nanoseconds / 1e4) / 100;
      const node = String(slow.node);
      const place = slept ? 'waiting for the host' : 'in its thread';
      this.#setup.limitedLogger.warn(
        `slow request: ${opcode} of node ${node} took ${durationMs} ms, ${place}`,
        {
          opcode,
          nodeid: node,
          durationMs,
          waited: slept ? 'host' : 'thread',
          ring: queue,
          ...(errno === 0 ? {} : { errno }),
        },
      );
    }
  }

  async #serve(socket: OwnedFd): Promise<void> {
    const { binding, device, offer, logger, limitedLogger } = this.#setup;
    logger.info('a front-end has connected');
    this.#setup.onStateChange?.('connected');
    const connection = new Connection(binding, socket);
    const session = new Session({ binding, device, offer, connection, logger: limitedLogger });
    this.#session = session;
    try {
      await session.run();
    } catch (error) {
      // A mistake in this program, met by one front-end: it must not cost the next one.
      logger.error(`the session ended: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#session = null;
    }
  }
}
