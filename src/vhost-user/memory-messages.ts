// SPDX-License-Identifier: Apache-2.0

import { decodeMemoryTable, decodeSingleRegion } from './memory-region-codec.js';
import type { OwnedRegion } from './memory-table.js';
import { action, query, type MessageHandler } from './message-handler.js';
import type { Message } from './message.js';
import { requireSize } from './payload.js';
import { ProtocolFeature, Request } from './protocol.js';
import type { SessionState } from './session-state.js';
import { encodeU64 } from './u64-codec.js';

async function setMemoryTable(state: SessionState, message: Message): Promise<void> {
  const descriptions = decodeMemoryTable(message.payload);
  const files = message.takeFds(descriptions.length);
  const regions = files.flatMap((file, position): OwnedRegion[] => {
    const description = descriptions[position];
    return description === undefined ? [] : [{ description, file }];
  });
  await state.changeMemory(() => {
    state.memory.replace(regions);
  });
}

async function addRegion(state: SessionState, message: Message): Promise<void> {
  const region = { description: decodeSingleRegion(message.payload), file: message.takeFd() };
  await state.changeMemory(() => {
    state.memory.add(region);
  });
}

async function removeRegion(state: SessionState, message: Message): Promise<void> {
  // A descriptor may come along (spec, REM_MEM_REG); nobody takes it, so it is closed with the message.
  const description = decodeSingleRegion(message.payload);
  await state.changeMemory(() => {
    state.memory.remove(description);
  });
}

/** The guest's memory. */
export const memoryMessages: readonly MessageHandler[] = [
  action(Request.SET_MEM_TABLE, setMemoryTable),
  query(
    Request.GET_MAX_MEM_SLOTS,
    (state, message) => {
      requireSize(message.payload, 0);
      return encodeU64(BigInt(state.offer.memorySlots));
    },
    ProtocolFeature.CONFIGURE_MEM_SLOTS,
  ),
  action(Request.ADD_MEM_REG, addRegion, ProtocolFeature.CONFIGURE_MEM_SLOTS),
  action(Request.REM_MEM_REG, removeRegion, ProtocolFeature.CONFIGURE_MEM_SLOTS),
];
