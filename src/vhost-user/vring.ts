// SPDX-License-Identifier: Apache-2.0

import type { OwnedFd } from '../native/owned-fd.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { Fd, NativeDevice, RingIndex, RingSetup } from '../native/types.js';
import { FrontEndError } from './front-end-error.js';
import type { VringAddress } from './vring-address-codec.js';

/** The features that change how a ring is read. */
export type RingFeatures = Pick<RingSetup, 'eventIdx' | 'indirect'>;

const maxSize = 1024;

/** What QEMU does where its memory is private: it sends no memory table at all. */
const noSharedMemory =
  "cannot start: the guest's memory is not shared; start QEMU with " +
  '-object memory-backend-memfd,id=mem,size=SIZE,share=on -numa node,memdev=mem ' +
  "(libvirt: <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>)";

/**
 * One virtqueue as the front-end has described it so far. It runs on the native side exactly when everything needed
 * is known, it is enabled, and a kick descriptor has been given (spec, "Ring states").
 */
export class Vring {
  readonly index: RingIndex;
  readonly #device: NativeDevice;
  readonly #features: () => RingFeatures;
  readonly #hasMemory: () => boolean;
  #size: number | null = null;
  #base = 0;
  #address: VringAddress | null = null;
  #kick: OwnedFd | null = null;
  #call: OwnedFd | null = null;
  #error: OwnedFd | null = null;
  #isEnabled = false;
  #isRunning = false;
  #isBroken = false;

  /**
   * @param features asked at every start: they are negotiated anew after a reset of the guest
   * @param hasMemory whether the front-end has shared any
   */
  constructor(
    device: NativeDevice,
    index: RingIndex,
    features: () => RingFeatures,
    hasMemory: () => boolean,
  ) {
    this.#device = device;
    this.#hasMemory = hasMemory;
    this.index = index;
    this.#features = features;
  }

  /** The native side serves this ring. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** SET_VRING_NUM. Only split rings are offered, whose size is a power of two (virtio 1.3, 2.7). */
  setSize(size: number): void {
    this.#refuseWhileRunning();
    if (size < 1 || size > maxSize || (size & (size - 1)) !== 0) {
      throw new FrontEndError(
        `a ring of ${size} descriptors: not a power of two from 1 to ${maxSize}`,
      );
    }
    this.#size = size;
  }

  /** SET_VRING_BASE. For split rings the next index of the avail ring, 16 bits. */
  setBase(base: number): void {
    this.#refuseWhileRunning();
    if (base > 0xffff) throw new FrontEndError(`the avail index ${base} is larger than 16 bits`);
    this.#base = base;
  }

  /** SET_VRING_ADDR; a running ring goes on at its new place. */
  async setAddress(address: VringAddress): Promise<void> {
    await this.#pause();
    this.#address = address;
    this.#startIfReady();
  }

  /** SET_VRING_KICK starts the ring, also a broken one. Takes the descriptor over. */
  async setKick(kick: OwnedFd): Promise<void> {
    await this.#pause();
    this.#kick?.close();
    this.#kick = kick;
    this.#isBroken = false;
    this.#startIfReady();
  }

  /** SET_VRING_CALL. Takes the descriptor over; null: the driver polls. */
  setCall(call: OwnedFd | null): void {
    this.#call?.close();
    this.#call = call;
    if (!this.#isRunning) return;
    const failure = this.#device.setCall(this.index, call?.fd ?? null);
    if (failure !== undefined) throw new FrontEndError(describeFailure(failure));
  }

  /** SET_VRING_ERR. Takes the descriptor over. */
  setError(error: OwnedFd | null): void {
    this.#error?.close();
    this.#error = error;
  }

  /** SET_VRING_ENABLE, and SET_FEATURES without VHOST_USER_F_PROTOCOL_FEATURES. */
  async setEnabled(isEnabled: boolean): Promise<void> {
    this.#isEnabled = isEnabled;
    if (isEnabled) this.#startIfReady();
    else await this.#pause();
  }

  /** GET_VRING_BASE: stops the ring and answers where it would go on. SET_VRING_KICK starts it again. */
  async stop(): Promise<number> {
    await this.#pause();
    this.#kick?.close();
    this.#kick = null;
    this.#isBroken = false;
    return this.#base;
  }

  /**
   * RESET_DEVICE: forgets all but the call and error descriptors, which QEMU 11 sends once, before the reset.
   * @param isEnabled what was negotiated for a ring that has not been enabled or disabled yet
   */
  async reset(isEnabled: boolean): Promise<void> {
    await this.stop();
    this.#isEnabled = isEnabled;
    this.#size = null;
    this.#base = 0;
    this.#address = null;
  }

  /** The end of the connection. The ring must not run. */
  close(): void {
    for (const fd of [this.#kick, this.#call, this.#error]) fd?.close();
    this.#kick = this.#call = this.#error = null;
  }

  /** Stops a running ring for a moment, as for a change of memory; {@link resume} lets it go on. */
  async suspend(): Promise<void> {
    await this.#pause();
  }

  /**
   * Starts the ring if it should run. That may be one that did not run before: its memory may have gone with an
   * earlier change and come back with this one.
   */
  resume(): void {
    this.#startIfReady();
  }

  /**
   * The native side has given the ring up: it serves nothing until it is stopped or gets a new kick descriptor. False
   * when that is known already, or when the ring does not run.
   */
  markBroken(): boolean {
    if (!this.#isRunning || this.#isBroken) return false;
    this.#isBroken = true;
    return true;
  }

  /** What to tell the front-end of a failure with, if it wants to know. Stays the ring's own. */
  get errorFd(): Fd | null {
    return this.#error?.fd ?? null;
  }

  #refuseWhileRunning(): void {
    if (this.#isRunning) throw new FrontEndError('the ring is running');
  }

  async #pause(): Promise<void> {
    if (!this.#isRunning) return;
    // Until this resolves the ring may still be reported as broken, and that must not be missed.
    this.#base = await this.#device.stopRing(this.index);
    this.#isRunning = false;
  }

  #startIfReady(): void {
    if (this.#isRunning || this.#isBroken || !this.#isEnabled) return;
    if (this.#size === null || this.#address === null || this.#kick === null) return;
    if (!this.#hasMemory()) throw new FrontEndError(noSharedMemory);
    const result = this.#device.startRing({
      index: this.index,
      size: this.#size,
      availableBase: this.#base,
      descriptorAddress: this.#address.descriptor,
      availableAddress: this.#address.available,
      usedAddress: this.#address.used,
      ...this.#features(),
      kick: this.#kick.fd,
      call: this.#call?.fd ?? null,
    });
    if (result === undefined) {
      this.#isRunning = true;
      return;
    }
    throw new FrontEndError(
      `cannot start: ${isSystemFailure(result) ? describeFailure(result) : result.refused}`,
    );
  }
}
