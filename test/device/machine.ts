// SPDX-License-Identifier: Apache-2.0

/** Plays the virtual machine around the guest: memory, the front-end's connection, and queues that are running. */

import { FrontEnd } from './front-end.js';
import { Guest } from './guest.js';
import { native, type GuestMemory, type MemoryRegion } from './native.js';
import { Protocol, Virtio } from './vhost-user-message.js';
import { Arena, Virtqueue, type ChainLayout, type VirtqueueOptions } from './virtqueue.js';

export interface MachineOptions {
  readonly requestQueues?: number;
  readonly ringSize?: number;
  readonly eventIdx?: boolean;
  readonly indirect?: boolean;
  readonly startIndex?: number;
  /** Sizes of the memory regions, adjacent for the guest. */
  readonly regionSizes?: readonly number[];
  /** False: the queues are made and not started. */
  readonly start?: boolean;
  /** Makes a queue that is not a plain one. */
  readonly makeQueue?: QueueMaker;
}

export type QueueMaker = (
  memory: GuestMemory,
  arena: Arena,
  options: VirtqueueOptions,
) => Virtqueue;

const MiB = 1 << 20;
const ringStride = 0x10000;
const queueMemory = MiB;
const wantedProtocol =
  Protocol.MQ |
  Protocol.REPLY_ACK |
  Protocol.BACKEND_REQ |
  Protocol.RESET_DEVICE |
  Protocol.CONFIGURE_MEM_SLOTS;

export class Machine {
  readonly memory = new native.GuestMemory();
  readonly regions: MemoryRegion[];
  readonly frontEnd: FrontEnd;
  /** The high-priority queue, then the request queues. */
  readonly queues: Virtqueue[];
  readonly guest: Guest;
  readonly hiprio: Guest;
  readonly #makeQueue: QueueMaker;

  /** Takes the connected socket over. */
  constructor(fd: number, options: MachineOptions = {}) {
    const { requestQueues = 1, ringSize = 128, eventIdx = true, indirect = true } = options;
    const { startIndex = 0, regionSizes = [32 * MiB] } = options;
    this.#makeQueue =
      options.makeQueue ?? ((memory, arena, shape) => new Virtqueue(memory, arena, shape));
    let address = 0;
    this.regions = regionSizes.map((size) => {
      const region = this.memory.add(address, size);
      address += size;
      return region;
    });
    const layout: ChainLayout = indirect ? 'indirect' : 'direct';
    // The rings first, then a piece of memory for each queue's requests; the last queue gets the rest.
    const requestsAt = MiB;
    this.queues = Array.from({ length: requestQueues + 1 }, (_, index) => {
      const start = requestsAt + index * queueMemory;
      const arena = new Arena(start, index === requestQueues ? address : start + queueMemory);
      const place = index * ringStride;
      return this.#makeQueue(this.memory, arena, {
        index,
        size: ringSize,
        eventIdx,
        layout,
        startIndex,
        place,
      });
    });
    this.guest = new Guest(this.queue(1));
    this.hiprio = new Guest(this.queue(0));
    this.frontEnd = new FrontEnd(fd);
    this.frontEnd.negotiate(
      Virtio.VERSION_1 |
        (eventIdx ? Virtio.EVENT_IDX : 0n) |
        (indirect ? Virtio.INDIRECT_DESC : 0n),
      wantedProtocol,
    );
    if (options.start ?? true) this.start();
  }

  queue(index: number): Virtqueue {
    const queue = this.queues[index];
    if (queue === undefined) throw new Error(`there is no queue ${index}`);
    return queue;
  }

  /** Gives the memory table over and starts all queues. */
  start(): void {
    this.frontEnd.setMemory(this.regions);
    for (const queue of this.queues) this.startQueue(queue);
  }

  startQueue(queue: Virtqueue, base = queue.options.startIndex): void {
    this.frontEnd.startRing(
      queue.options.index,
      queue.options.size,
      base,
      {
        descriptors: this.frontEndAddress(queue.descriptorsAt),
        available: this.frontEndAddress(queue.availableAt),
        used: this.frontEndAddress(queue.usedAt),
      },
      queue.ring,
    );
  }

  /** Replaces a queue that is stopped by a fresh one, as a driver does that resets it, and starts it. */
  renewQueue(index: number): Virtqueue {
    const old = this.queue(index);
    const queue = this.#makeQueue(this.memory, old.arena, { ...old.options, startIndex: 0 });
    this.queues[index] = queue;
    this.startQueue(queue, 0);
    return queue;
  }

  /** What a guest address is in the front-end's address space. */
  frontEndAddress(address: number): bigint {
    for (const { guestAddress, size, frontendAddress } of this.regions) {
      if (address >= guestAddress && address < guestAddress + size) {
        return frontendAddress + BigInt(address - guestAddress);
      }
    }
    throw new Error(`guest address ${address} is not in memory`);
  }

  close(): void {
    this.frontEnd.close();
  }
}
