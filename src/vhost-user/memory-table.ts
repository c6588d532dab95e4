// SPDX-License-Identifier: Apache-2.0

import type { OwnedFd } from '../native/owned-fd.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { MemoryRegion, NativeDevice, SetupRefusal, SystemFailure } from '../native/types.js';
import { FrontEndError } from './front-end-error.js';
import type { RegionDescription } from './memory-region-codec.js';

/** A region in use: its description, and the file that it came with. */
export interface OwnedRegion {
  readonly description: RegionDescription;
  readonly file: OwnedFd;
}

const addressSpaceEnd = 1n << 64n;

function overlaps(a: bigint, aSize: bigint, b: bigint, bSize: bigint): boolean {
  return a < b + bSize && b < a + aSize;
}

function checkRegion({ guestAddress, frontendAddress, size, offset }: RegionDescription): void {
  if (size === 0n) throw new FrontEndError('a memory region is empty');
  for (const start of [guestAddress, frontendAddress, offset]) {
    if (start + size > addressSpaceEnd) {
      throw new FrontEndError('a memory region ends behind the address space');
    }
  }
}

function checkDisjoint(a: RegionDescription, b: RegionDescription): void {
  if (
    overlaps(a.guestAddress, a.size, b.guestAddress, b.size) ||
    overlaps(a.frontendAddress, a.size, b.frontendAddress, b.size)
  ) {
    throw new FrontEndError('two memory regions overlap');
  }
}

function isSameRegion(a: RegionDescription, b: RegionDescription): boolean {
  // The offset does not count (spec, REM_MEM_REG).
  return (
    a.guestAddress === b.guestAddress &&
    a.frontendAddress === b.frontendAddress &&
    a.size === b.size
  );
}

/** The guest's memory as the front-end describes it. May be changed only while no ring runs. */
export class MemoryTable {
  readonly #device: NativeDevice;
  readonly #slots: number;
  #regions: readonly OwnedRegion[] = [];

  /** @param slots how many regions ADD_MEM_REG may build up, the answer to GET_MAX_MEM_SLOTS */
  constructor(device: NativeDevice, slots: number) {
    this.#device = device;
    this.#slots = slots;
  }

  get isEmpty(): boolean {
    return this.#regions.length === 0;
  }

  /** SET_MEM_TABLE. Takes the files over, also when it fails. */
  replace(regions: readonly OwnedRegion[]): void {
    try {
      regions.forEach(({ description }, position) => {
        checkRegion(description);
        for (const earlier of regions.slice(0, position)) {
          checkDisjoint(earlier.description, description);
        }
      });
      this.#commit(regions);
    } catch (error) {
      for (const { file } of regions) file.close();
      throw error;
    }
  }

  /** ADD_MEM_REG. Takes the file over, also when it fails. */
  add(region: OwnedRegion): void {
    try {
      checkRegion(region.description);
      if (this.#regions.length >= this.#slots) {
        throw new FrontEndError(`all ${this.#slots} memory slots are taken`);
      }
      for (const { description } of this.#regions) checkDisjoint(description, region.description);
      this.#commit([...this.#regions, region]);
    } catch (error) {
      region.file.close();
      throw error;
    }
  }

  /** REM_MEM_REG. */
  remove(wanted: RegionDescription): void {
    const rest = this.#regions.filter(({ description }) => !isSameRegion(description, wanted));
    if (rest.length === this.#regions.length) throw new FrontEndError('no such memory region');
    this.#commit(rest);
  }

  /** The end of the connection: unmaps everything and closes the files, in any case. */
  clear(): void {
    const result = this.#device.setMemory([]);
    for (const { file } of this.#regions) file.close();
    this.#regions = [];
    if (result !== undefined)
      throw new Error(`cannot unmap the guest's memory: ${reasonOf(result)}`);
  }

  /** Makes `regions` the table; on failure the old one stays in force on both sides. */
  #commit(regions: readonly OwnedRegion[]): void {
    const result = this.#device.setMemory(regions.map(toNative));
    if (result !== undefined) {
      throw new FrontEndError(`cannot map the guest's memory: ${reasonOf(result)}`);
    }
    const old = this.#regions;
    this.#regions = regions;
    for (const region of old) if (!regions.includes(region)) region.file.close();
  }
}

function reasonOf(result: SystemFailure | SetupRefusal): string {
  return isSystemFailure(result) ? describeFailure(result) : result.refused;
}

function toNative({ description, file }: OwnedRegion): MemoryRegion {
  const { guestAddress, frontendAddress, size, offset } = description;
  return { guestAddress, frontendAddress, size, offset, fd: file.fd };
}
