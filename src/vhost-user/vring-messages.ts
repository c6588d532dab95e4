// SPDX-License-Identifier: Apache-2.0

import type { OwnedFd } from '../native/owned-fd.js';
import { FrontEndError } from './front-end-error.js';
import { action, query, type MessageHandler } from './message-handler.js';
import type { Message } from './message.js';
import { Request, vringIndexMask, vringNoFd } from './protocol.js';
import type { SessionState } from './session-state.js';
import { decodeU64 } from './u64-codec.js';
import { decodeVringAddress } from './vring-address-codec.js';
import { decodeVringState, encodeVringState } from './vring-state-codec.js';
import type { Vring } from './vring.js';

const logUsedRing = 0x1;

async function setAddress(state: SessionState, message: Message): Promise<void> {
  const address = decodeVringAddress(message.payload);
  if ((address.flags & logUsedRing) !== 0) {
    throw new FrontEndError('writes to the used ring cannot be logged: LOG_SHMFD was not offered');
  }
  await state.ring(address.index).setAddress(address);
}

async function setEnable(state: SessionState, message: Message): Promise<void> {
  const { index, num } = decodeVringState(message.payload);
  if (num > 1) throw new FrontEndError(`SET_VRING_ENABLE takes 0 or 1, not ${num}`);
  await state.ring(index).setEnabled(num === 1);
}

/** The ring and the descriptor of SET_VRING_KICK, CALL and ERR; null: bit 8 says that there is none. */
function decodeNotifier(state: SessionState, message: Message): [Vring, OwnedFd | null] {
  const payload = decodeU64(message.payload);
  if ((payload & ~(vringIndexMask | vringNoFd)) !== 0n) {
    throw new FrontEndError(`unknown bits in 0x${payload.toString(16)}`);
  }
  const ring = state.ring(Number(payload & vringIndexMask));
  if ((payload & vringNoFd) === 0n) return [ring, message.takeFd()];
  message.takeFds(0);
  return [ring, null];
}

async function setKick(state: SessionState, message: Message): Promise<void> {
  const [ring, kick] = decodeNotifier(state, message);
  if (kick === null) {
    throw new FrontEndError('a ring without a kick descriptor would have to be polled for ever');
  }
  await ring.setKick(kick);
}

async function getBase(state: SessionState, message: Message): Promise<Uint8Array> {
  const { index } = decodeVringState(message.payload);
  return encodeVringState({ index, num: await state.ring(index).stop() });
}

/** Setting up, starting and stopping the rings. */
export const vringMessages: readonly MessageHandler[] = [
  action(Request.SET_VRING_NUM, (state, message) => {
    const { index, num } = decodeVringState(message.payload);
    state.ring(index).setSize(num);
  }),
  action(Request.SET_VRING_ADDR, setAddress),
  action(Request.SET_VRING_BASE, (state, message) => {
    const { index, num } = decodeVringState(message.payload);
    state.ring(index).setBase(num);
  }),
  query(Request.GET_VRING_BASE, getBase),
  action(Request.SET_VRING_KICK, setKick),
  action(Request.SET_VRING_CALL, (state, message) => {
    const [ring, call] = decodeNotifier(state, message);
    ring.setCall(call);
  }),
  action(Request.SET_VRING_ERR, (state, message) => {
    const [ring, error] = decodeNotifier(state, message);
    ring.setError(error);
  }),
  action(Request.SET_VRING_ENABLE, setEnable),
];
