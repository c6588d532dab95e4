// SPDX-License-Identifier: Apache-2.0

import { action, type MessageHandler } from './message-handler.js';
import type { Message } from './message.js';
import { requireSize } from './payload.js';
import { ProtocolFeature, Request } from './protocol.js';
import type { SessionState } from './session-state.js';

/**
 * The guest starts over: the rings and the FUSE session are forgotten. Negotiation, memory and the call and error
 * descriptors stay, because QEMU does not send them again.
 */
async function resetDevice(state: SessionState, message: Message): Promise<void> {
  requireSize(message.payload, 0);
  await Promise.all(state.rings.map((ring) => ring.reset(state.ringsStartEnabled)));
  state.device.resetSession();
}

export const resetMessages: readonly MessageHandler[] = [
  action(Request.RESET_DEVICE, resetDevice, ProtocolFeature.RESET_DEVICE),
];
