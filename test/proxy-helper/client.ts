// SPDX-License-Identifier: Apache-2.0

/** QEMU's side of the conversation with virtfs-proxy-helper, as far as the tests need it. */

import { native } from '../device/native.js';

export const Request = Object.freeze({
  OPEN: 2,
  CREATE: 3,
  MKNOD: 4,
  MKDIR: 5,
  SYMLINK: 6,
  LINK: 7,
  LSTAT: 8,
  READLINK: 9,
  STATFS: 10,
  CHMOD: 11,
  CHOWN: 12,
  TRUNCATE: 13,
  UTIME: 14,
  RENAME: 15,
  REMOVE: 16,
  LGETXATTR: 17,
  LLISTXATTR: 18,
  LSETXATTR: 19,
  LREMOVEXATTR: 20,
  GETVERSION: 21,
});

const bringsDescriptor = 0x7fff_ffff;
const patienceMs = 5000;

/** A field: a text, or a number of 32 bits, or one of 64. */
export type Field = string | number | bigint;

function encode(field: Field): Buffer {
  if (typeof field === 'string') {
    const text = Buffer.from(field, 'latin1');
    const length = Buffer.alloc(2);
    length.writeUInt16LE(text.length);
    return Buffer.concat([length, text]);
  }
  const number = Buffer.alloc(typeof field === 'number' ? 4 : 8);
  if (typeof field === 'number') number.writeUInt32LE(field);
  else number.writeBigUInt64LE(field);
  return number;
}

export function message(type: number, ...fields: readonly Field[]): Buffer {
  const body = Buffer.concat(fields.map(encode));
  return Buffer.concat([encode(type), encode(body.length), body]);
}

/** A connection to the helper. */
export class Client {
  readonly #socket: number;

  constructor(socket: number) {
    if (socket < 0) throw new Error(`no connection: ${socket}`);
    this.#socket = socket;
  }

  send(bytes: Uint8Array): void {
    const sent = native.send(this.#socket, bytes, []);
    if (sent < 0) throw new Error(`send: ${sent}`);
  }

  /** Empty: the helper has hung up. */
  receive(size: number): Buffer {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const part = native.receive(this.#socket, left, patienceMs);
      if (typeof part === 'number') throw new Error(`receive: ${part}`);
      if (part.length === 0) break;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** The answer's fields, or the negative errno. */
  ask(type: number, ...fields: readonly Field[]): Buffer | number {
    this.send(message(type, ...fields));
    const header = this.receive(8);
    const body = this.receive(header.readUInt32LE(4));
    return header.readUInt32LE(0) === 0 ? body : body.readInt32LE(0);
  }

  /** 0, or the negative errno. */
  status(type: number, ...fields: readonly Field[]): number {
    const answer = this.ask(type, ...fields);
    return typeof answer === 'number' ? answer : answer.readInt32LE(0);
  }

  /** Whether it is opened, or the negative errno. The descriptor is closed by not being taken. */
  open(path: string, flags: number): true | number {
    return this.#descriptor(message(Request.OPEN, path, flags));
  }

  create(path: string, flags: number, mode: number, uid: number, gid: number): true | number {
    return this.#descriptor(message(Request.CREATE, path, flags, mode, uid, gid));
  }

  close(): void {
    native.closeFd(this.#socket);
  }

  #descriptor(request: Buffer): true | number {
    this.send(request);
    const answer = this.receive(4).readInt32LE(0);
    return answer === bringsDescriptor ? true : answer;
  }
}
