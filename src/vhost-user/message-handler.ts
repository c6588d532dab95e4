// SPDX-License-Identifier: Apache-2.0

import type { Message } from './message.js';
import type { Request } from './protocol.js';
import type { SessionState } from './session-state.js';

/** What a handler answers: a payload of the request's own, or nothing. */
export type HandlerResult = Uint8Array | undefined;

/** How one request is served. Refuses with FrontEndError. */
export interface MessageHandler {
  readonly request: Request;
  /** The protocol feature without which the request does not exist. */
  readonly requires?: bigint;
  handle(state: SessionState, message: Message): HandlerResult | Promise<HandlerResult>;
}

/** A handler that answers nothing of its own: REPLY_ACK acknowledges it. */
export function action(
  request: Request,
  run: (state: SessionState, message: Message) => void | Promise<void>,
  requires = 0n,
): MessageHandler {
  return {
    request,
    requires,
    handle: async (state, message) => {
      await run(state, message);
      return undefined;
    },
  };
}

/** A handler that answers with a payload. */
export function query(
  request: Request,
  run: (state: SessionState, message: Message) => Uint8Array | Promise<Uint8Array>,
  requires = 0n,
): MessageHandler {
  return { request, requires, handle: run };
}
