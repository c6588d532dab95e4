// SPDX-License-Identifier: Apache-2.0

/**
 * The vhost-user messages of a front-end, written from QEMU's docs/interop/vhost-user.rst and from nothing of vfsd's, so
 * that a mistake there is not repeated here.
 */

import type { MemoryRegion } from './native.js';

/** Request numbers ("Front-end message types"). */
export const Ask = {
  GET_FEATURES: 1,
  SET_FEATURES: 2,
  SET_OWNER: 3,
  RESET_OWNER: 4,
  SET_MEM_TABLE: 5,
  SET_LOG_BASE: 6,
  SET_LOG_FD: 7,
  SET_VRING_NUM: 8,
  SET_VRING_ADDR: 9,
  SET_VRING_BASE: 10,
  GET_VRING_BASE: 11,
  SET_VRING_KICK: 12,
  SET_VRING_CALL: 13,
  SET_VRING_ERR: 14,
  GET_PROTOCOL_FEATURES: 15,
  SET_PROTOCOL_FEATURES: 16,
  GET_QUEUE_NUM: 17,
  SET_VRING_ENABLE: 18,
  SET_BACKEND_REQ_FD: 21,
  GET_CONFIG: 24,
  SET_CONFIG: 25,
  GET_INFLIGHT_FD: 31,
  SET_INFLIGHT_FD: 32,
  RESET_DEVICE: 34,
  GET_MAX_MEM_SLOTS: 36,
  ADD_MEM_REG: 37,
  REM_MEM_REG: 38,
} as const;

/** Bits of GET_FEATURES. */
export const Virtio = {
  INDIRECT_DESC: 1n << 28n,
  EVENT_IDX: 1n << 29n,
  PROTOCOL_FEATURES: 1n << 30n,
  VERSION_1: 1n << 32n,
} as const;

/** Bits of GET_PROTOCOL_FEATURES. */
export const Protocol = {
  MQ: 1n << 0n,
  REPLY_ACK: 1n << 3n,
  BACKEND_REQ: 1n << 5n,
  CONFIG: 1n << 9n,
  RESET_DEVICE: 1n << 13n,
  CONFIGURE_MEM_SLOTS: 1n << 15n,
} as const;

export const headerSize = 12;
export const needReply = 0x8;
const version1 = 0x1;

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4));
  return bytes;
}

export function u64(...values: readonly (bigint | number)[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) =>
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), index * 8),
  );
  return bytes;
}

export function encodeMessage(request: number, payload: Uint8Array, flags = 0): Buffer {
  return Buffer.concat([u32(request, version1 | flags, payload.byteLength), payload]);
}

/** "Memory region description". */
export function encodeRegion(region: MemoryRegion): Buffer {
  return u64(region.guestAddress, region.size, region.frontendAddress, 0);
}

/** "Multiple memory regions description". */
export function encodeMemoryTable(regions: readonly MemoryRegion[]): Buffer {
  return Buffer.concat([u32(regions.length, 0), ...regions.map(encodeRegion)]);
}

/** "Single memory region description". */
export function encodeSingleRegion(region: MemoryRegion): Buffer {
  return Buffer.concat([u64(0), encodeRegion(region)]);
}
