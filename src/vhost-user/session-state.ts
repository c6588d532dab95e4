// SPDX-License-Identifier: Apache-2.0

import type { Logger } from '../log/logger.js';
import type { OwnedFd } from '../native/owned-fd.js';
import type { NativeDevice, RingIndex } from '../native/types.js';
import type { DeviceOffer } from './device-offer.js';
import { FrontEndError } from './front-end-error.js';
import { MemoryTable } from './memory-table.js';
import { Feature } from './protocol.js';
import { Vring } from './vring.js';

/** What one front-end connection has negotiated and set up: the state that the message handlers work on. */
export class SessionState {
  readonly device: NativeDevice;
  readonly offer: DeviceOffer;
  readonly logger: Logger;
  readonly memory: MemoryTable;
  /** hiprio first, then the request queues. */
  readonly rings: readonly Vring[];
  /** Virtio features of SET_FEATURES. */
  features = 0n;
  /** Rings are enabled without SET_VRING_ENABLE, see SET_FEATURES. */
  ringsStartEnabled = false;
  /** Protocol features of SET_PROTOCOL_FEATURES. */
  protocolFeatures = 0n;
  /** The back-end's own channel to the front-end. Kept open: its end would look like this daemon's end. */
  #backendChannel: OwnedFd | null = null;

  constructor(device: NativeDevice, offer: DeviceOffer, logger: Logger) {
    this.device = device;
    this.offer = offer;
    this.logger = logger;
    this.memory = new MemoryTable(device, offer.memorySlots);
    const features = () => ({
      eventIdx: (this.features & Feature.VIRTIO_F_EVENT_IDX) !== 0n,
      indirect: (this.features & Feature.VIRTIO_F_INDIRECT_DESC) !== 0n,
    });
    this.rings = Array.from(
      { length: offer.requestQueues + 1 },
      (_, index) => new Vring(device, index as RingIndex, features, () => !this.memory.isEmpty),
    );
  }

  /** The ring of that number; refuses what the front-end may not name. */
  ring(index: number): Vring {
    const ring = this.rings[index];
    if (ring !== undefined) return ring;
    throw new FrontEndError(`ring ${index} does not exist: there are ${this.rings.length}`);
  }

  hasProtocolFeature(feature: bigint): boolean {
    return (this.protocolFeatures & feature) !== 0n;
  }

  /** SET_BACKEND_REQ_FD. Takes the descriptor over. */
  setBackendChannel(channel: OwnedFd): void {
    this.#backendChannel?.close();
    this.#backendChannel = channel;
  }

  /**
   * Changes the memory table between two requests of every running ring: those that run are stopped, drained, and
   * start again where they were. Afterwards every ring runs that should and can. A front-end that replaces a region
   * removes the old one first: rings inside it cannot run until the new one is added.
   */
  async changeMemory(change: () => void): Promise<void> {
    const running = new Set(this.rings.filter((ring) => ring.isRunning));
    await Promise.all(this.rings.map((ring) => ring.suspend()));
    try {
      change();
    } finally {
      for (const ring of this.rings) this.#resume(ring, running.has(ring));
    }
  }

  /** Stops all rings, drained, and leaves them set up. */
  async stopRings(): Promise<void> {
    await Promise.all(this.rings.map((ring) => ring.stop()));
  }

  /** Gives everything back that this session holds. The rings must be stopped. */
  close(): void {
    for (const ring of this.rings) ring.close();
    this.#backendChannel?.close();
    this.#backendChannel = null;
    this.memory.clear();
    this.device.resetSession();
  }

  #resume(ring: Vring, wasRunning: boolean): void {
    try {
      ring.resume();
    } catch (error) {
      if (!(error instanceof FrontEndError)) throw error;
      // The change itself is in force; it just took this ring's memory away, or has not brought it back yet.
      const report = `ring ${ring.index} waits for another change of memory: ${error.message}`;
      if (wasRunning) this.logger.warn(report);
      else this.logger.debug(report);
    }
  }
}
