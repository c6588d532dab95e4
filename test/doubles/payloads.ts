// SPDX-License-Identifier: Apache-2.0

/** Payloads as a front-end makes them, written out apart from the codecs under test. */

export const empty = new Uint8Array(0);

function bytes(size: number, fill: (view: DataView) => void): Uint8Array {
  const payload = new Uint8Array(size);
  fill(new DataView(payload.buffer));
  return payload;
}

export function u64(value: bigint): Uint8Array {
  return bytes(8, (view) => {
    view.setBigUint64(0, value, true);
  });
}

export function vringState(index: number, num: number): Uint8Array {
  return bytes(8, (view) => {
    view.setUint32(0, index, true);
    view.setUint32(4, num, true);
  });
}

export interface TestAddress {
  readonly flags?: number;
  readonly descriptor?: bigint;
  readonly used?: bigint;
  readonly available?: bigint;
}

export function vringAddress(index: number, address: TestAddress = {}): Uint8Array {
  return bytes(40, (view) => {
    view.setUint32(0, index, true);
    view.setUint32(4, address.flags ?? 0, true);
    view.setBigUint64(8, address.descriptor ?? 0x1000n, true);
    view.setBigUint64(16, address.used ?? 0x2000n, true);
    view.setBigUint64(24, address.available ?? 0x3000n, true);
  });
}

export interface TestRegion {
  readonly guest: bigint;
  readonly size: bigint;
  readonly frontend: bigint;
  readonly offset?: bigint;
}

/** A region of 1 MiB, the nth of a row. */
export function regionNumber(n: number): TestRegion {
  const start = BigInt(n) << 20n;
  return { guest: start, size: 1n << 20n, frontend: 0x7f00_0000_0000n + start };
}

function writeRegion(view: DataView, position: number, region: TestRegion): void {
  view.setBigUint64(position, region.guest, true);
  view.setBigUint64(position + 8, region.size, true);
  view.setBigUint64(position + 16, region.frontend, true);
  view.setBigUint64(position + 24, region.offset ?? 0n, true);
}

/** @param room regions for which the payload has room, at least those given */
export function memoryTable(
  regions: readonly TestRegion[],
  { count = regions.length, room = regions.length } = {},
): Uint8Array {
  return bytes(8 + 32 * room, (view) => {
    view.setUint32(0, count, true);
    regions.forEach((region, position) => {
      writeRegion(view, 8 + 32 * position, region);
    });
  });
}

export function singleRegion(region: TestRegion): Uint8Array {
  return bytes(40, (view) => {
    writeRegion(view, 8, region);
  });
}

export function configWindow(offset: number, size: number, room = size): Uint8Array {
  return bytes(12 + room, (view) => {
    view.setUint32(0, offset, true);
    view.setUint32(4, size, true);
  });
}
