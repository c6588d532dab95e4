// SPDX-License-Identifier: Apache-2.0

/** The guest driver's use of a virtqueue: buffers in guest memory, chains that describe them, answers copied out. */

import { native, type DriverRing, type GuestMemory } from './native.js';
import { u32, u64 } from './vhost-user-message.js';

export const Desc = { NEXT: 1, WRITE: 2, INDIRECT: 4 } as const;

/** A descriptor as it is written to memory: nothing is checked. */
export interface Descriptor {
  readonly address: bigint | number;
  readonly length: number;
  readonly flags?: number;
  readonly next?: number;
}

export function encodeDescriptor({ address, length, flags = 0, next = 0 }: Descriptor): Buffer {
  return Buffer.concat([u64(address), u32(length, (flags | (next << 16)) >>> 0)]);
}

/** Descriptors linked one to the next, the first at `start` of its table. */
export function linkDescriptors(descriptors: readonly Descriptor[], start = 0): Descriptor[] {
  return descriptors.map((descriptor, position) =>
    position === descriptors.length - 1
      ? descriptor
      : {
          ...descriptor,
          flags: (descriptor.flags ?? 0) | Desc.NEXT,
          next: start + position + 1,
        },
  );
}

/** Guest memory for requests. Given back all at once when nothing is under way. */
export class Arena {
  readonly #start: number;
  readonly #end: number;
  #next: number;
  #highest: number;

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
    this.#next = this.#highest = start;
  }

  take(size: number, alignment = 16): number {
    const address = Math.ceil(this.#next / alignment) * alignment;
    this.#next = address + size;
    this.#highest = Math.max(this.#highest, this.#next);
    if (this.#next > this.#end) throw new Error('the test uses up its guest memory');
    return address;
  }

  clear(): void {
    this.#next = this.#start;
  }

  /** All that was ever taken, from its first byte to behind its last. */
  get extent(): { readonly start: number; readonly end: number } {
    return { start: this.#start, end: this.#highest };
  }
}

/** Where the descriptors lie: in a table of their own, in the ring's, or the first ones here and the rest there. */
export type ChainLayout = 'indirect' | 'direct' | 'mixed';

/** How many descriptors of a chain lie in the ring's own table. */
function countInRing(layout: ChainLayout, length: number): number {
  if (layout === 'direct') return length;
  return layout === 'mixed' ? Math.floor(length / 2) : 0;
}

interface UnderWay {
  readonly descriptors: readonly number[];
  readonly writable: readonly { readonly address: number; readonly length: number }[];
}

/** What the device wrote. */
export interface Returned {
  readonly head: number;
  /** The length of the used element. */
  readonly length: number;
  /** All device-writable bytes of the chain, also those beyond `length`. */
  readonly bytes: Buffer;
}

export interface VirtqueueOptions {
  readonly index: number;
  readonly size: number;
  readonly eventIdx: boolean;
  readonly layout: ChainLayout;
  readonly startIndex: number;
  /** Guest address of the ring's areas, 64 KiB of them. */
  readonly place: number;
}

export class Virtqueue {
  readonly options: VirtqueueOptions;
  readonly ring: DriverRing;
  readonly memory: GuestMemory;
  readonly arena: Arena;
  readonly descriptorsAt: number;
  readonly availableAt: number;
  readonly usedAt: number;
  readonly #underWay = new Map<number, UnderWay>();
  #free: number[] = [];

  constructor(memory: GuestMemory, arena: Arena, options: VirtqueueOptions) {
    this.memory = memory;
    this.arena = arena;
    this.options = options;
    this.descriptorsAt = options.place;
    this.availableAt = options.place + 0x4000;
    this.usedAt = options.place + 0x8000;
    this.ring = new native.DriverRing(memory, {
      size: options.size,
      descriptors: this.descriptorsAt,
      available: this.availableAt,
      used: this.usedAt,
      eventIdx: options.eventIdx,
      startIndex: options.startIndex,
    });
    this.#free = Array.from({ length: options.size }, (_, index) => index);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Entries of the ring's own table that are not in use. */
  get freeDescriptors(): number {
    return this.#free.length;
  }

  /** Gives a chain to the device and kicks if it wants that. Returns the chain's head. */
  submit(
    readable: readonly Uint8Array[],
    writable: readonly number[],
    layout: ChainLayout = this.options.layout,
  ): number {
    const head = this.prepare(readable, writable, layout);
    this.ring.publish(head);
    this.ring.expose();
    return head;
  }

  /** Lays a chain out without telling the device. */
  prepare(
    readable: readonly Uint8Array[],
    writable: readonly number[],
    layout: ChainLayout = this.options.layout,
  ): number {
    if (this.#underWay.size === 0) this.arena.clear();
    const inputs = readable.map((bytes): Descriptor => {
      const address = this.arena.take(bytes.byteLength);
      this.memory.write(address, bytes);
      return { address, length: bytes.byteLength };
    });
    const outputs = writable.map((length) => {
      const address = this.arena.take(length);
      this.memory.write(address, Buffer.alloc(length, 0xa5));
      return { address, length };
    });
    return this.place(
      [...inputs, ...outputs.map((output): Descriptor => ({ ...output, flags: Desc.WRITE }))],
      layout,
      outputs,
    );
  }

  /** Writes descriptors as a chain, and remembers what the device may write. */
  place(
    chain: readonly Descriptor[],
    layout: ChainLayout,
    writable: readonly { readonly address: number; readonly length: number }[],
  ): number {
    const inRing = countInRing(layout, chain.length);
    const entries = chain.slice(0, inRing);
    if (layout !== 'direct') entries.push(this.#writeTable(chain.slice(inRing)));
    const slots = this.#free.splice(0, entries.length);
    const head = slots[0];
    if (head === undefined || slots.length < entries.length) {
      throw new Error('the test uses up its descriptors');
    }
    entries.forEach((descriptor, position) => {
      const next = slots[position + 1];
      this.writeDescriptor(
        slots[position] ?? 0,
        next === undefined
          ? descriptor
          : { ...descriptor, flags: (descriptor.flags ?? 0) | Desc.NEXT, next },
      );
    });
    this.#underWay.set(head, { descriptors: slots, writable });
    return head;
  }

  /** Writes an indirect table, and answers the descriptor that refers to it. */
  #writeTable(chain: readonly Descriptor[]): Descriptor {
    const table = Buffer.concat(linkDescriptors(chain).map(encodeDescriptor));
    const address = this.arena.take(table.byteLength);
    this.memory.write(address, table);
    return { address, length: table.byteLength, flags: Desc.INDIRECT };
  }

  /** Writes an entry of the ring's own descriptor table. */
  writeDescriptor(index: number, descriptor: Descriptor): void {
    this.memory.write(this.descriptorsAt + index * 16, encodeDescriptor(descriptor));
  }

  /** The next chain that the device gives back; throws when there is none in time. */
  collect(timeoutMs = 5000): Returned {
    if (!this.ring.wait(timeoutMs)) throw new Error('the device gives no chain back');
    const used = this.ring.pop();
    if (used === null) throw new Error('the ring has no used element');
    const chain = this.#underWay.get(used.id);
    if (chain === undefined) throw new Error(`chain ${used.id} came back and was never given`);
    this.#underWay.delete(used.id);
    this.#free.push(...chain.descriptors);
    const bytes = chain.writable.map(({ address, length }) => this.memory.read(address, length));
    return { head: used.id, length: used.length, bytes: Buffer.concat(bytes) };
  }
}
