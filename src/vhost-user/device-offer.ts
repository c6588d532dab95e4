// SPDX-License-Identifier: Apache-2.0

import { Feature, ProtocolFeature } from './protocol.js';

/** What the configuration lets the device offer to front-ends; the same for every session. */
export interface DeviceOffer {
  /** Number of request queues, beside hiprio. */
  readonly requestQueues: number;
  /** The tag for the configuration space; null: the front-end knows it, and CONFIG is not offered. */
  readonly tag: string | null;
  /** The answer to GET_MAX_MEM_SLOTS. */
  readonly memorySlots: number;
}

/** The virtio features of every vfsd device. */
export const offeredFeatures: bigint =
  Feature.VIRTIO_F_VERSION_1 |
  Feature.VIRTIO_F_INDIRECT_DESC |
  Feature.VIRTIO_F_EVENT_IDX |
  Feature.VHOST_USER_F_PROTOCOL_FEATURES;

/** CONFIG is offered with a tag only: QEMU's own device refuses it with a warning, the others need it. */
export function offeredProtocolFeatures(offer: DeviceOffer): bigint {
  const always =
    ProtocolFeature.MQ |
    ProtocolFeature.REPLY_ACK |
    ProtocolFeature.BACKEND_REQ |
    ProtocolFeature.RESET_DEVICE |
    ProtocolFeature.CONFIGURE_MEM_SLOTS;
  return offer.tag === null ? always : always | ProtocolFeature.CONFIG;
}

const tagSize = 36;

/** The virtio-fs configuration space, 40 bytes: tag[36], le32 num_request_queues (virtio 1.3, 5.11.4). */
export function configSpace(offer: DeviceOffer): Uint8Array {
  const space = new Uint8Array(tagSize + 4);
  if (offer.tag !== null) space.set(Buffer.from(offer.tag, 'utf8').subarray(0, tagSize));
  new DataView(space.buffer).setUint32(tagSize, offer.requestQueues, true);
  return space;
}
