// SPDX-License-Identifier: Apache-2.0

/**
 * Numbers of the vhost-user protocol, by the names of QEMU's docs/interop/vhost-user.rst (cited below as "spec").
 * All integers on the wire have the host's byte order; the hosts that vfsd runs on are little-endian.
 */

/** Requests of the front-end (spec, "Front-end message types"). */
export const Request = Object.freeze({
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
  SEND_RARP: 19,
  NET_SET_MTU: 20,
  SET_BACKEND_REQ_FD: 21,
  IOTLB_MSG: 22,
  SET_VRING_ENDIAN: 23,
  GET_CONFIG: 24,
  SET_CONFIG: 25,
  CREATE_CRYPTO_SESSION: 26,
  CLOSE_CRYPTO_SESSION: 27,
  POSTCOPY_ADVISE: 28,
  POSTCOPY_LISTEN: 29,
  POSTCOPY_END: 30,
  GET_INFLIGHT_FD: 31,
  SET_INFLIGHT_FD: 32,
  GPU_SET_SOCKET: 33,
  RESET_DEVICE: 34,
  VRING_KICK: 35,
  GET_MAX_MEM_SLOTS: 36,
  ADD_MEM_REG: 37,
  REM_MEM_REG: 38,
  SET_STATUS: 39,
  GET_STATUS: 40,
  GET_SHARED_OBJECT: 41,
  SET_DEVICE_STATE_FD: 42,
  CHECK_DEVICE_STATE: 43,
  GET_SHMEM_CONFIG: 44,
});

/** A known request number. */
export type Request = (typeof Request)[keyof typeof Request];

const namesByNumber = new Map<number, string>(
  Object.entries(Request).map(([name, number]) => [number, name]),
);

/** The request's name in the specification, or its number if there is none. */
export function requestName(request: number): string {
  return namesByNumber.get(request) ?? `request ${request}`;
}

/**
 * Requests whose front-end waits for an answer with a payload of its own, also without REPLY_ACK. One that is not
 * served cannot be passed over in silence: the front-end would wait for ever.
 */
export const requestsAwaitingReply: ReadonlySet<number> = new Set<number>([
  Request.GET_FEATURES,
  Request.SET_LOG_BASE,
  Request.GET_VRING_BASE,
  Request.GET_PROTOCOL_FEATURES,
  Request.GET_QUEUE_NUM,
  Request.IOTLB_MSG,
  Request.GET_CONFIG,
  Request.CREATE_CRYPTO_SESSION,
  Request.POSTCOPY_ADVISE,
  Request.POSTCOPY_END,
  Request.GET_INFLIGHT_FD,
  Request.GET_MAX_MEM_SLOTS,
  Request.GET_STATUS,
  Request.GET_SHARED_OBJECT,
  Request.SET_DEVICE_STATE_FD,
  Request.CHECK_DEVICE_STATE,
  Request.GET_SHMEM_CONFIG,
]);

/** Virtio feature bits that vfsd offers (virtio 1.3, 6 "Reserved Feature Bits", and spec, "Feature negotiation"). */
export const Feature = Object.freeze({
  VIRTIO_F_INDIRECT_DESC: 1n << 28n,
  VIRTIO_F_EVENT_IDX: 1n << 29n,
  VHOST_USER_F_PROTOCOL_FEATURES: 1n << 30n,
  VIRTIO_F_VERSION_1: 1n << 32n,
});

/** Protocol feature bits that vfsd implements (spec, "Protocol features"). */
export const ProtocolFeature = Object.freeze({
  MQ: 1n << 0n,
  REPLY_ACK: 1n << 3n,
  BACKEND_REQ: 1n << 5n,
  CONFIG: 1n << 9n,
  RESET_DEVICE: 1n << 13n,
  CONFIGURE_MEM_SLOTS: 1n << 15n,
});

/** Bits of the header's flags (spec, "Header"). */
export const HeaderFlag = Object.freeze({
  VERSION_MASK: 0x3,
  VERSION: 0x1,
  REPLY: 0x4,
  NEED_REPLY: 0x8,
});

/** Length of the header in bytes: request, flags, payload size, 32 bits each. */
export const headerSize = 12;

/**
 * The largest payload in bytes that vfsd reads. The longest that a file system device gets is GET_CONFIG's
 * (12 + 256); UML pads SET_MEM_TABLE to its largest form. A page leaves room and bounds what a front-end can make
 * the daemon hold.
 */
export const maxPayloadSize = 4096;

/** The most descriptors that come with one message: SET_MEM_TABLE's, one a region. */
export const maxFdsPerMessage = 8;

/** SET_MEM_TABLE's limit (spec, "Multiple memory regions description": at most 8). */
export const maxMemoryTableRegions = 8;

/** The limit on the device configuration space of GET_CONFIG and SET_CONFIG in bytes (spec, "Virtio device config space"). */
export const maxConfigSize = 256;

/** Bits 0-7 of the payload of SET_VRING_KICK, CALL and ERR: the ring's index. */
export const vringIndexMask = 0xffn;

/** Bit 8 of the payload of SET_VRING_KICK, CALL and ERR: there is no descriptor, poll instead. */
export const vringNoFd = 0x100n;
