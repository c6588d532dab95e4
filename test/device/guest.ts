// SPDX-License-Identifier: Apache-2.0

/** Plays the guest's FUSE client: a method for each request, laid out as linux/fuse.h says. */

import { Fattr, Init, Op, root } from './fuse-protocol.js';
import { Reply } from './fuse-reply.js';
import { u32, u64 } from './vhost-user-message.js';
import type { Virtqueue } from './virtqueue.js';

export { Fattr, Init, Op, root };

export interface Caller {
  readonly uid: number;
  readonly gid: number;
}

/** Who makes something, and what the request says of it beside its name and mode. */
export interface Creator extends Caller {
  readonly umask?: number;
  /** Behind the names; see extensions.ts. */
  readonly extensions?: Uint8Array;
  /** FUSE_OPEN_… */
  readonly openFlags?: number;
}

export interface SetAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: bigint | number;
  readonly atime?: bigint | number;
  readonly mtime?: bigint | number;
  readonly mtimeNs?: number;
  readonly fh?: bigint;
  /** Instead of what follows from the other fields. */
  readonly valid?: number;
}

export interface RequestOptions {
  /** Bytes for the answer behind its header. */
  readonly room?: number;
  readonly caller?: Caller;
  /** Instead of the true length, in the header. */
  readonly length?: number;
}

export type Name = string | Uint8Array;

/** A name with its NUL. */
export function terminated(name: Name): Buffer {
  return Buffer.concat([Buffer.from(name as string), Buffer.alloc(1)]);
}

function extensions(creator: Creator | undefined): Uint8Array {
  return creator?.extensions ?? Buffer.alloc(0);
}

const outHeaderSize = 16;
const defaultRoom = 4096;
const superuser: Caller = { uid: 0, gid: 0 };

export class Guest {
  readonly queue: Virtqueue;
  #unique = 0n;
  /** The INIT flags that the daemon has agreed to. */
  agreed = 0n;

  constructor(queue: Virtqueue) {
    this.queue = queue;
  }

  header(opcode: number, node: bigint, bodySize: number, options: RequestOptions = {}): Buffer {
    const { uid, gid } = options.caller ?? superuser;
    this.#unique += 2n;
    return Buffer.concat([
      u32(options.length ?? 40 + bodySize, opcode),
      u64(this.#unique, node),
      u32(uid, gid, 1, 0),
    ]);
  }

  /** Sends a request and waits for its reply. */
  request(opcode: number, node: bigint, body: Uint8Array, options: RequestOptions = {}): Reply {
    this.start(opcode, node, body, options);
    return this.finish();
  }

  /** Sends a request without waiting. Returns its chain's head. */
  start(opcode: number, node: bigint, body: Uint8Array, options: RequestOptions = {}): number {
    const header = this.header(opcode, node, body.byteLength, options);
    const readable = body.byteLength === 0 ? [header] : [header, body];
    const room = options.room ?? defaultRoom;
    return this.queue.submit(readable, room === 0 ? [outHeaderSize] : [outHeaderSize, room]);
  }

  /** The next reply, whichever request it is to. Throws when its lengths contradict each other. */
  finish(timeoutMs?: number): Reply {
    const { length, bytes } = this.queue.collect(timeoutMs);
    if (length < outHeaderSize) throw new Error(`a reply of ${length} bytes`);
    if (bytes.readUInt32LE(0) !== length) {
      throw new Error(`the reply says ${bytes.readUInt32LE(0)} bytes, the ring ${length}`);
    }
    return new Reply(bytes.readInt32LE(4), bytes.subarray(outHeaderSize, length));
  }

  /** Sends a request that has no reply, and waits until its buffers come back. */
  notify(opcode: number, node: bigint, body: Uint8Array): number {
    this.queue.submit([this.header(opcode, node, body.byteLength), body], []);
    return this.queue.collect().length;
  }

  init(minor = 38, flags = 0xffffffff, flags2 = 0xffffffff, major = 7): Reply {
    const body =
      minor >= 36
        ? Buffer.concat([u32(major, minor, 0x20000, flags, flags2), Buffer.alloc(44)])
        : u32(major, minor, 0x20000, flags);
    const reply = this.request(Op.INIT, 0n, body);
    if (reply.status === 'OK') this.agreed = reply.initFlags;
    return reply;
  }

  destroy(): Reply {
    return this.request(Op.DESTROY, 0n, u32());
  }

  lookup(parent: bigint, name: Name): Reply {
    return this.request(Op.LOOKUP, parent, terminated(name));
  }

  forget(node: bigint, count: bigint | number): void {
    this.notify(Op.FORGET, node, u64(count));
  }

  batchForget(list: readonly (readonly [bigint, bigint | number])[], count = list.length): void {
    this.notify(
      Op.BATCH_FORGET,
      0n,
      Buffer.concat([u32(count, 0), ...list.map(([node, lookups]) => u64(node, lookups))]),
    );
  }

  getattr(node: bigint, handle?: bigint): Reply {
    const body = Buffer.concat([u32(handle === undefined ? 0 : 1, 0), u64(handle ?? 0n)]);
    return this.request(Op.GETATTR, node, body);
  }

  setattr(node: bigint, set: SetAttributes, options?: RequestOptions): Reply {
    const bits: readonly [unknown, number][] = [
      [set.mode, Fattr.MODE],
      [set.uid, Fattr.UID],
      [set.gid, Fattr.GID],
      [set.size, Fattr.SIZE],
      [set.atime, Fattr.ATIME],
      [set.mtime, Fattr.MTIME],
      [set.fh, Fattr.FH],
    ];
    const valid = bits.reduce((sum, [value, bit]) => (value === undefined ? sum : sum | bit), 0);
    const body = Buffer.concat([
      u32(set.valid ?? valid, 0),
      u64(set.fh ?? 0n, set.size ?? 0, 0, set.atime ?? 0, set.mtime ?? 0, 0),
      u32(0, set.mtimeNs ?? 0, 0, set.mode ?? 0, 0, set.uid ?? 0, set.gid ?? 0, 0),
    ]);
    return this.request(Op.SETATTR, node, body, options);
  }

  access(node: bigint, mask: number, caller?: Caller): Reply {
    return this.request(Op.ACCESS, node, u32(mask, 0), caller && { caller });
  }

  readlink(node: bigint): Reply {
    return this.request(Op.READLINK, node, u32());
  }

  statfs(node = root): Reply {
    return this.request(Op.STATFS, node, u32());
  }

  syncfs(node = root): Reply {
    return this.request(Op.SYNCFS, node, u64(0));
  }

  symlink(parent: bigint, name: Name, target: Name, caller?: Creator): Reply {
    const body = Buffer.concat([terminated(name), terminated(target), extensions(caller)]);
    return this.request(Op.SYMLINK, parent, body, caller && { caller });
  }

  mknod(parent: bigint, name: Name, mode: number, device = 0, caller?: Creator): Reply {
    const fixed = u32(mode, device, caller?.umask ?? 0, 0);
    const body = Buffer.concat([fixed, terminated(name), extensions(caller)]);
    return this.request(Op.MKNOD, parent, body, caller && { caller });
  }

  mkdir(parent: bigint, name: Name, mode = 0o755, caller?: Creator): Reply {
    const fixed = u32(mode, caller?.umask ?? 0);
    const body = Buffer.concat([fixed, terminated(name), extensions(caller)]);
    return this.request(Op.MKDIR, parent, body, caller && { caller });
  }

  unlink(parent: bigint, name: Name): Reply {
    return this.request(Op.UNLINK, parent, terminated(name));
  }

  rmdir(parent: bigint, name: Name): Reply {
    return this.request(Op.RMDIR, parent, terminated(name));
  }

  rename(parent: bigint, name: Name, newParent: bigint, newName: Name): Reply {
    const body = Buffer.concat([u64(newParent), terminated(name), terminated(newName)]);
    return this.request(Op.RENAME, parent, body);
  }

  rename2(parent: bigint, name: Name, newParent: bigint, newName: Name, flags: number): Reply {
    const names = [terminated(name), terminated(newName)];
    return this.request(
      Op.RENAME2,
      parent,
      Buffer.concat([u64(newParent), u32(flags, 0), ...names]),
    );
  }

  link(node: bigint, newParent: bigint, newName: Name): Reply {
    return this.request(Op.LINK, newParent, Buffer.concat([u64(node), terminated(newName)]));
  }

  open(node: bigint, flags: number, openFlags = 0, caller?: Caller): Reply {
    return this.request(Op.OPEN, node, u32(flags, openFlags), caller && { caller });
  }

  create(parent: bigint, name: Name, flags: number, mode = 0o644, caller?: Creator): Reply {
    const fixed = u32(flags, mode, caller?.umask ?? 0, caller?.openFlags ?? 0);
    const body = Buffer.concat([fixed, terminated(name), extensions(caller)]);
    return this.request(Op.CREATE, parent, body, caller && { caller });
  }

  tmpfile(parent: bigint, flags: number, mode = 0o644, caller?: Creator): Reply {
    const fixed = u32(flags, mode, caller?.umask ?? 0, caller?.openFlags ?? 0);
    // Linux sends the name that it gives such a file itself.
    const body = Buffer.concat([fixed, terminated('/'), extensions(caller)]);
    return this.request(Op.TMPFILE, parent, body, caller && { caller });
  }

  read(node: bigint, handle: bigint, offset: bigint | number, size: number, room = size): Reply {
    const body = Buffer.concat([u64(handle, offset), u32(size, 0), u64(0), u32(0, 0)]);
    return this.request(Op.READ, node, body, { room });
  }

  write(
    node: bigint,
    handle: bigint,
    offset: bigint | number,
    data: Name,
    size = Buffer.byteLength(data),
    writeFlags = 0,
  ): Reply {
    const fixed = Buffer.concat([u64(handle, offset), u32(size, writeFlags), u64(0), u32(0, 0)]);
    return this.request(Op.WRITE, node, Buffer.concat([fixed, Buffer.from(data as string)]));
  }

  flush(node: bigint, handle: bigint, lockOwner: bigint | number = 0): Reply {
    return this.request(Op.FLUSH, node, u64(handle, 0, lockOwner));
  }

  fsync(node: bigint, handle: bigint, dataOnly = false): Reply {
    return this.request(Op.FSYNC, node, Buffer.concat([u64(handle), u32(dataOnly ? 1 : 0, 0)]));
  }

  release(node: bigint, handle: bigint): Reply {
    return this.request(Op.RELEASE, node, u64(handle, 0, 0));
  }

  fallocate(
    node: bigint,
    handle: bigint,
    offset: bigint,
    length: bigint,
    mode = 0,
    caller?: Caller,
  ): Reply {
    const body = Buffer.concat([u64(handle, offset, length), u32(mode, 0)]);
    return this.request(Op.FALLOCATE, node, body, caller && { caller });
  }

  lseek(node: bigint, handle: bigint, offset: bigint | number, whence: number): Reply {
    return this.request(Op.LSEEK, node, Buffer.concat([u64(handle, offset), u32(whence, 0)]));
  }

  copyFileRange(
    from: { node: bigint; handle: bigint; offset: bigint | number },
    to: { node: bigint; handle: bigint; offset: bigint | number },
    length: bigint | number,
    flags = 0,
    caller?: Caller,
    opcode: number = Op.COPY_FILE_RANGE,
  ): Reply {
    const body = u64(from.handle, from.offset, to.node, to.handle, to.offset, length, flags);
    return this.request(opcode, from.node, body, caller && { caller });
  }

  statx(node: bigint, mask: number): Reply {
    return this.request(Op.STATX, node, Buffer.concat([u32(0, 0), u64(0), u32(0, mask)]));
  }

  /** @param flags FUSE_IOCTL_… */
  ioctl(
    node: bigint,
    handle: bigint,
    command: number,
    input: Uint8Array,
    outputSize: number,
    flags = 0,
  ): Reply {
    const fixed = [u64(handle), u32(flags, command), u64(0), u32(input.length, outputSize)];
    return this.request(Op.IOCTL, node, Buffer.concat([...fixed, input]));
  }

  opendir(node: bigint): Reply {
    return this.request(Op.OPENDIR, node, u32(0, 0));
  }

  readdir(
    node: bigint,
    handle: bigint,
    offset: bigint | number,
    size: number,
    plus = false,
  ): Reply {
    const body = Buffer.concat([u64(handle, offset), u32(size, 0), u64(0), u32(0, 0)]);
    return this.request(plus ? Op.READDIRPLUS : Op.READDIR, node, body, { room: size });
  }

  fsyncdir(node: bigint, handle: bigint): Reply {
    return this.request(Op.FSYNCDIR, node, u64(handle, 0));
  }

  releasedir(node: bigint, handle: bigint): Reply {
    return this.request(Op.RELEASEDIR, node, u64(handle, 0, 0));
  }

  setxattr(node: bigint, name: Name, value: Name, flags = 0, setxattrFlags = 0): Reply {
    const bytes = Buffer.from(value as string);
    const isLong = (this.agreed & Init.SETXATTR_EXT) !== 0n;
    const fixed = isLong ? u32(bytes.length, flags, setxattrFlags, 0) : u32(bytes.length, flags);
    const body = Buffer.concat([fixed, terminated(name), bytes]);
    return this.request(Op.SETXATTR, node, body);
  }

  getxattr(node: bigint, name: Name, size: number): Reply {
    const body = Buffer.concat([u32(size, 0), terminated(name)]);
    return this.request(Op.GETXATTR, node, body, { room: Math.max(8, size) });
  }

  listxattr(node: bigint, size: number): Reply {
    return this.request(Op.LISTXATTR, node, u32(size, 0), { room: Math.max(8, size) });
  }

  removexattr(node: bigint, name: Name): Reply {
    return this.request(Op.REMOVEXATTR, node, terminated(name));
  }
}
