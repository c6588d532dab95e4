// SPDX-License-Identifier: Apache-2.0

/** What a workload drives: queues in guest memory, with a daemon or with vfsd's own engine at their other end. */

import { Guest } from '../test/device/guest.js';
import { native, type DriverRing, type GuestMemory } from '../test/device/native.js';
import { Arena, Virtqueue } from '../test/device/virtqueue.js';
import { benchNative } from './native.js';

const MiB = 1 << 20;

export interface MachineLike {
  readonly memory: GuestMemory;
  readonly guest: Guest;
  queue(index: number): { readonly ring: DriverRing };
  close(): void;
}

export const memorySize = 128 * MiB;
export const ringSize = 1024;

/** Where workloads may use guest memory: behind the rings and what a Guest's own requests take. */
export const workloadBase = 8 * MiB;

/** The engine of vfsd over a file system that does nothing, in this process. */
export class NullMachine implements MachineLike {
  readonly memory = new native.GuestMemory();
  readonly guest: Guest;
  readonly #queues: Virtqueue[];
  readonly #device = new benchNative.NullDevice(1);

  constructor() {
    const region = this.memory.add(0, memorySize);
    this.#device.setMemory([region]);
    this.#queues = [0, 1].map((index) => {
      const queue = new Virtqueue(this.memory, new Arena((1 + index) * MiB, (2 + index) * MiB), {
        index,
        size: ringSize,
        eventIdx: true,
        layout: 'indirect',
        startIndex: 0,
        place: index * 0x10000,
      });
      const address = (guest: number): bigint => region.frontendAddress + BigInt(guest);
      this.#device.startRing({
        index,
        size: ringSize,
        descriptors: address(queue.descriptorsAt),
        available: address(queue.availableAt),
        used: address(queue.usedAt),
        kickFd: queue.ring.kickFd,
        callFd: queue.ring.callFd,
      });
      return queue;
    });
    this.guest = new Guest(this.queue(1));
  }

  queue(index: number): Virtqueue {
    const queue = this.#queues[index];
    if (queue === undefined) throw new Error(`there is no queue ${index}`);
    return queue;
  }

  close(): void {
    this.#device.close();
  }
}
