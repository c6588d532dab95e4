// SPDX-License-Identifier: Apache-2.0

import { offeredFeatures, offeredProtocolFeatures } from './device-offer.js';
import { FrontEndError } from './front-end-error.js';
import { action, query, type MessageHandler } from './message-handler.js';
import { requireSize } from './payload.js';
import { Feature, ProtocolFeature, Request } from './protocol.js';
import type { SessionState } from './session-state.js';
import { decodeU64, encodeU64 } from './u64-codec.js';

function requireSubset(wanted: bigint, offered: bigint): void {
  const unknown = wanted & ~offered;
  if (unknown !== 0n) {
    throw new FrontEndError(`the features 0x${unknown.toString(16)} were not offered`);
  }
}

async function setFeatures(state: SessionState, features: bigint): Promise<void> {
  requireSubset(features, offeredFeatures);
  if (features !== state.features && state.rings.some((ring) => ring.isRunning)) {
    // virtio 1.3, 3.1.1: features are settled before the driver uses a queue.
    throw new FrontEndError('features cannot change while a ring runs');
  }
  state.features = features;
  // spec, "Ring states": without this feature rings are enabled from the start.
  state.ringsStartEnabled = (features & Feature.VHOST_USER_F_PROTOCOL_FEATURES) === 0n;
  if (!state.ringsStartEnabled) return;
  for (const ring of state.rings) await ring.setEnabled(true);
}

/** Who the front-end is and what both sides can do. */
export const featureMessages: readonly MessageHandler[] = [
  query(Request.GET_FEATURES, (_state, message) => {
    requireSize(message.payload, 0);
    return encodeU64(offeredFeatures);
  }),
  action(Request.SET_FEATURES, (state, message) => setFeatures(state, decodeU64(message.payload))),
  query(Request.GET_PROTOCOL_FEATURES, (state, message) => {
    requireSize(message.payload, 0);
    return encodeU64(offeredProtocolFeatures(state.offer));
  }),
  action(Request.SET_PROTOCOL_FEATURES, (state, message) => {
    const features = decodeU64(message.payload);
    requireSubset(features, offeredProtocolFeatures(state.offer));
    state.protocolFeatures = features;
  }),
  // Ownership says nothing to a device with one connection at a time.
  action(Request.SET_OWNER, (_state, message) => {
    requireSize(message.payload, 0);
  }),
  // spec: no longer used, and best ignored, since front-ends never agreed on what it means.
  action(Request.RESET_OWNER, (_state, message) => {
    requireSize(message.payload, 0);
  }),
  query(
    Request.GET_QUEUE_NUM,
    (state, message) => {
      requireSize(message.payload, 0);
      return encodeU64(BigInt(state.rings.length));
    },
    ProtocolFeature.MQ,
  ),
  action(
    Request.SET_BACKEND_REQ_FD,
    (state, message) => {
      requireSize(message.payload, 0);
      state.setBackendChannel(message.takeFd());
    },
    ProtocolFeature.BACKEND_REQ,
  ),
];
