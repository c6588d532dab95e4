// SPDX-License-Identifier: Apache-2.0

/**
 * The front-end did something wrong, or asked for something that vfsd refuses. Only this message fails if the
 * front-end asked for an acknowledgement; otherwise it cannot learn of it and the session is reset.
 */
export class FrontEndError extends Error {
  override readonly name: string = 'FrontEndError';
}

/** The stream of messages itself is broken: what follows cannot be understood, so the session is reset. */
export class FramingError extends FrontEndError {
  override readonly name = 'FramingError';
}
