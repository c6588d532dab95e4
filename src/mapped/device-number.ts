// SPDX-License-Identifier: Apache-2.0

/** Linux's dev_t of st_rdev. A guest's kernel takes 32 bits of it: 12 of the major, 20 of the minor number. */

const guestBits = 32;

/** The device number that a guest's kernel takes from what it is told. */
export function guestDevice(device: bigint): bigint {
  return BigInt.asUintN(guestBits, device);
}

export function majorOf(device: bigint): number {
  return Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn));
}

export function minorOf(device: bigint): number {
  return Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n));
}

export function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n)
  );
}
