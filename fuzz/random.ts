// SPDX-License-Identifier: Apache-2.0

/**
 * Numbers that only a seed decides: the same seed gives the same run, here and on any other machine. The generator is
 * xoshiro128**, seeded by SplitMix32.
 */
export class Random {
  readonly #state: [number, number, number, number];

  constructor(seed: number) {
    let mixed = seed >>> 0;
    const next = (): number => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let value = mixed ^ (mixed >>> 16);
      value = Math.imul(value, 0x21f0aaad);
      value ^= value >>> 15;
      value = Math.imul(value, 0x735a2d97);
      return (value ^ (value >>> 15)) >>> 0;
    };
    this.#state = [next(), next(), next(), next()];
  }

  /** A generator of its own for what may end sooner or later: how much it takes changes nothing here. */
  fork(): Random {
    return new Random(this.u32());
  }

  u32(): number {
    const state = this.#state;
    const five = Math.imul(state[1], 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = (state[3] << 11) | (state[3] >>> 21);
    return result;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** From 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** Picks by weight. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let rest = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      if (rest < weight) return item;
      rest -= weight;
    }
    throw new Error('there is nothing to pick from');
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 4) {
      const value = this.u32();
      for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = value >>> (8 * i);
    }
    return bytes;
  }

  /** A number as those who look for mistakes like them: small, at the edge of a power of two, or any. */
  edgyU64(): bigint {
    const edge = 1n << BigInt(this.below(65));
    return this.weighted<() => bigint>([
      [4, () => BigInt(this.below(20))],
      [4, () => BigInt.asUintN(64, edge + BigInt(this.between(-2, 2)))],
      [1, () => this.u64()],
    ])();
  }

  edgyU32(): number {
    return Number(this.edgyU64() & 0xffff_ffffn);
  }
}
