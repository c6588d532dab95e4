// SPDX-License-Identifier: Apache-2.0

import { decodeConfigWindow, encodeConfigWindow } from './config-codec.js';
import { configSpace } from './device-offer.js';
import { FrontEndError } from './front-end-error.js';
import { action, query, type MessageHandler } from './message-handler.js';
import type { Message } from './message.js';
import { ProtocolFeature, Request } from './protocol.js';
import type { SessionState } from './session-state.js';

function getConfig(state: SessionState, message: Message): Uint8Array {
  try {
    return encodeConfigWindow(decodeConfigWindow(message.payload), configSpace(state.offer));
  } catch (error) {
    if (!(error instanceof FrontEndError)) throw error;
    state.logger.warn(`GET_CONFIG: ${error.message}`);
    // spec, GET_CONFIG: an answer without payload says that it failed.
    return new Uint8Array(0);
  }
}

function setConfig(state: SessionState, message: Message): void {
  decodeConfigWindow(message.payload);
  const refusal = 'virtio-fs has no writable configuration';
  if (message.needsReply) throw new FrontEndError(refusal);
  // A guest can cause this message, so it must not cost the session.
  state.logger.warn(`SET_CONFIG: ${refusal}`);
}

/** The device configuration space, for front-ends that do not keep it themselves. */
export const configMessages: readonly MessageHandler[] = [
  query(Request.GET_CONFIG, getConfig, ProtocolFeature.CONFIG),
  action(Request.SET_CONFIG, setConfig, ProtocolFeature.CONFIG),
];
