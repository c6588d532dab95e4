// SPDX-License-Identifier: Apache-2.0

/**
 * A virtqueue that lays each request out in another way, and checks what holds for every answer, whatever was asked:
 * its length, its `unique`, its error, and that nothing but its own buffers was written to.
 */

import { Finding } from '../finding.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import type { GuestMemory } from '../../test/device/native.js';
import {
  Virtqueue,
  type Arena,
  type ChainLayout,
  type Descriptor,
  Desc,
  type Returned,
  type VirtqueueOptions,
} from '../../test/device/virtqueue.js';

const headerSize = 16;
const guardSize = 16;
const guard = Buffer.alloc(guardSize, 0x5c);
const unwritten = 0xa5;
/** linux/err.h: MAX_ERRNO. */
const largestErrno = 4095;

interface Piece {
  readonly address: number;
  readonly length: number;
}

interface Sent {
  readonly unique: bigint | null;
  readonly readable: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  readonly writable: readonly Piece[];
}

export class CheckedQueue extends Virtqueue {
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #sent = new Map<number, Sent>();
  #taken = 0;

  constructor(
    memory: GuestMemory,
    arena: Arena,
    options: VirtqueueOptions,
    random: Random,
    tally: Tally,
  ) {
    super(memory, arena, options);
    this.#random = random;
    this.#tally = tally;
  }

  /** Where the device has come to, once nothing is under way: the answer that GET_VRING_BASE has to give. */
  get availableIndex(): number {
    return (this.options.startIndex + this.#taken) & 0xffff;
  }

  override submit(readable: readonly Uint8Array[], writable: readonly number[]): number {
    this.#tally.add('requests');
    const head = super.submit(readable, writable);
    this.#taken++;
    return head;
  }

  override prepare(readable: readonly Uint8Array[], writable: readonly number[]): number {
    if (this.underWay === 0) this.arena.clear();
    const request = Buffer.concat(readable);
    const room = writable.reduce((sum, length) => sum + length, 0);
    const layout = this.#layout();
    const most = this.#mostPieces(layout);
    const inputs = this.#cut(request.length, most).map(([from, to]) => {
      const bytes = request.subarray(from, to);
      return { address: this.#lay(bytes), bytes };
    });
    const outputs = this.#cut(room, most).map(([from, to]): Piece => {
      const length = to - from;
      return { address: this.#lay(Buffer.alloc(length, unwritten)), length };
    });
    const chain = [
      ...inputs.map(({ address, bytes }): Descriptor => ({ address, length: bytes.length })),
      ...outputs.map((output): Descriptor => ({ ...output, flags: Desc.WRITE })),
    ];
    const head = this.place(chain, layout, outputs);
    const unique = request.length < headerSize ? null : request.readBigUInt64LE(8);
    this.#sent.set(head, { unique, readable: inputs, writable: outputs });
    return head;
  }

  override collect(timeoutMs?: number): Returned {
    const returned = super.collect(timeoutMs);
    const sent = this.#sent.get(returned.head);
    if (sent === undefined) throw new Finding(`chain ${returned.head} came back twice`);
    this.#sent.delete(returned.head);
    this.#checkAnswer(returned, sent);
    this.#checkMemory(sent);
    return returned;
  }

  #layout(): ChainLayout {
    if (this.options.layout === 'direct') return 'direct';
    if (this.freeDescriptors < 8) return 'indirect';
    return this.#random.weighted([
      [6, 'indirect'],
      [2, 'direct'],
      [2, 'mixed'],
    ]);
  }

  /** Of each direction. In the ring's own table room is left for a request beside this one. */
  #mostPieces(layout: ChainLayout): number {
    switch (layout) {
      case 'direct':
        return Math.max(1, this.freeDescriptors >> 2);
      case 'mixed':
        return 4;
      case 'indirect':
        return 100;
    }
  }

  /** Where to cut `length` bytes into at most `most` pieces, of which some may be empty. */
  #cut(length: number, most: number): (readonly [from: number, to: number])[] {
    if (length === 0) return [];
    const random = this.#random;
    const count = random.weighted([
      [3, 1],
      [4, random.between(1, Math.min(4, most))],
      [1, random.between(1, most)],
    ]);
    const cuts = Array.from({ length: count - 1 }, () =>
      // The headers are where most can go wrong.
      random.oneIn(2) ? random.below(Math.min(length, 64) + 1) : random.below(length + 1),
    ).sort((a, b) => a - b);
    const ends = [...cuts, length];
    return ends.map((end, position) => [ends[position - 1] ?? 0, end] as const);
  }

  /** Writes bytes somewhere, with guards around them. */
  #lay(bytes: Uint8Array): number {
    const alignment = 1 << this.#random.below(5);
    const address = this.arena.take(bytes.byteLength + 2 * guardSize, alignment) + guardSize;
    this.memory.write(address - guardSize, Buffer.concat([guard, bytes, guard]));
    return address;
  }

  #checkAnswer({ length, bytes }: Returned, { unique }: Sent): void {
    if (length > bytes.length) {
      throw new Finding(`an answer of ${length} bytes, for which there were ${bytes.length}`);
    }
    // A request without an answer, or one that has no room for it.
    if (length === 0) return;
    if (length < headerSize) throw new Finding(`an answer of ${length} bytes`);
    const said = bytes.readUInt32LE(0);
    if (said !== length) throw new Finding(`an answer of ${length} bytes says that it has ${said}`);
    const error = bytes.readInt32LE(4);
    if (error > 0 || error < -largestErrno) throw new Finding(`an answer with error ${error}`);
    if (error !== 0 && length !== headerSize) {
      throw new Finding(`an answer with error ${error} has ${length} bytes`);
    }
    const answered = bytes.readBigUInt64LE(8);
    if (answered !== unique) throw new Finding(`an answer to ${answered}, and not ${unique}`);
  }

  #checkMemory({ readable, writable }: Sent): void {
    for (const { address, bytes } of readable) {
      const now = this.memory.read(address - guardSize, bytes.length + 2 * guardSize);
      if (Buffer.concat([guard, bytes, guard]).equals(now)) continue;
      throw new Finding('a device-readable buffer, or what lies around it, was written to');
    }
    for (const { address, length } of writable) {
      const before = this.memory.read(address - guardSize, guardSize);
      const behind = this.memory.read(address + length, guardSize);
      if (guard.equals(before) && guard.equals(behind)) continue;
      throw new Finding('something was written beside a device-writable buffer');
    }
  }
}
