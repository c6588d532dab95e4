// SPDX-License-Identifier: Apache-2.0

/** What stands behind the names of requests that make something, laid out as linux/fuse.h says. */

import { u32 } from './vhost-user-message.js';

const extensionGroups = 32;

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

/** The attributes that a security module of the guest gives to what is made. */
export function securityContexts(...contexts: readonly (readonly [string, string])[]): Buffer {
  const records = contexts.map(([name, value]) =>
    padded(Buffer.concat([u32(value.length, 0), Buffer.from(`${name}\0${value}`)])),
  );
  const body = Buffer.concat(records);
  return Buffer.concat([u32(8 + body.length, contexts.length), body]);
}

/** A group that the process is a member of. */
export function supplementaryGroup(gid: number): Buffer {
  const body = u32(1, gid);
  return padded(Buffer.concat([u32(8 + body.length, extensionGroups), body]));
}
