// SPDX-License-Identifier: Apache-2.0

/**
 * Requests as no honest guest sends them: any opcode, lengths that contradict each other, ids that were never given,
 * names that are none. They get a place of their own in the share and never an id of the model's, whose answers are
 * still to be right afterwards.
 */

import { expectSame } from '../finding.js';
import type { Random } from '../random.js';
import { Reply } from '../../test/device/fuse-reply.js';
import { Op, root, type Guest, type RequestOptions } from '../../test/device/guest.js';
import { u32, u64 } from '../../test/device/vhost-user-message.js';
import { Pit } from './pit.js';
import type { Returned } from '../../test/device/virtqueue.js';
import type { Action, Actions, Play } from './play.js';

/** What a field of a body means, and with it which values are worth trying. */
type Field =
  | 'u32'
  | 'u64'
  | 'node'
  | 'handle'
  | 'offset'
  | 'length'
  | 'size'
  | 'flags'
  | 'mode'
  | 'name'
  | 'text'
  | 'data'
  | 'extensions'
  | 'ioctl';

/** linux/fuse.h, as far as a field has a meaning of its own. */
const bodies: readonly (readonly [opcode: number, fields: readonly Field[]])[] = [
  [Op.LOOKUP, ['name']],
  [Op.GETATTR, ['flags', 'u32', 'handle']],
  [
    Op.SETATTR,
    [
      ...(['flags', 'u32', 'handle', 'offset', 'u64', 'u64', 'u64', 'u64'] as const),
      ...(['u32', 'u32', 'u32', 'mode', 'u32', 'u32', 'u32', 'u32'] as const),
    ],
  ],
  [Op.READLINK, []],
  [Op.SYMLINK, ['name', 'text', 'extensions']],
  [Op.MKNOD, ['mode', 'u32', 'u32', 'u32', 'name', 'extensions']],
  [Op.MKDIR, ['mode', 'u32', 'name', 'extensions']],
  [Op.UNLINK, ['name']],
  [Op.RMDIR, ['name']],
  [Op.RENAME, ['node', 'name', 'name']],
  [Op.RENAME2, ['node', 'flags', 'u32', 'name', 'name']],
  [Op.LINK, ['node', 'name']],
  [Op.OPEN, ['flags', 'flags']],
  [Op.CREATE, ['flags', 'mode', 'u32', 'flags', 'name', 'extensions']],
  [Op.TMPFILE, ['flags', 'mode', 'u32', 'flags', 'name', 'extensions']],
  [Op.READ, ['handle', 'offset', 'size', 'flags', 'u64', 'flags', 'u32']],
  [Op.WRITE, ['handle', 'offset', 'size', 'flags', 'u64', 'flags', 'u32', 'data']],
  [Op.STATFS, []],
  [Op.RELEASE, ['handle', 'flags', 'flags', 'u64']],
  [Op.FSYNC, ['handle', 'flags', 'u32']],
  [Op.SETXATTR, ['size', 'flags', 'flags', 'u32', 'text', 'data']],
  [Op.GETXATTR, ['size', 'u32', 'text']],
  [Op.LISTXATTR, ['size', 'u32']],
  [Op.REMOVEXATTR, ['text']],
  [Op.FLUSH, ['handle', 'u32', 'u32', 'u64']],
  [Op.OPENDIR, ['flags', 'u32']],
  [Op.READDIR, ['handle', 'offset', 'size', 'flags', 'u64', 'flags', 'u32']],
  [Op.READDIRPLUS, ['handle', 'offset', 'size', 'flags', 'u64', 'flags', 'u32']],
  [Op.RELEASEDIR, ['handle', 'flags', 'flags', 'u64']],
  [Op.FSYNCDIR, ['handle', 'flags', 'u32']],
  [Op.GETLK, ['handle', 'u64', 'offset', 'offset', 'u32', 'u32', 'flags', 'u32']],
  [Op.SETLK, ['handle', 'u64', 'offset', 'offset', 'u32', 'u32', 'flags', 'u32']],
  [Op.ACCESS, ['flags', 'u32']],
  [Op.INTERRUPT, ['u64']],
  [Op.IOCTL, ['handle', 'flags', 'ioctl', 'u64', 'size', 'size', 'data']],
  [Op.FALLOCATE, ['handle', 'offset', 'length', 'flags', 'u32']],
  [Op.LSEEK, ['handle', 'offset', 'u32', 'u32']],
  [Op.COPY_FILE_RANGE, ['handle', 'offset', 'node', 'handle', 'offset', 'length', 'u64']],
  [Op.COPY_FILE_RANGE_64, ['handle', 'offset', 'node', 'handle', 'offset', 'length', 'u64']],
  [Op.SYNCFS, ['u64']],
  [Op.STATX, ['flags', 'u32', 'handle', 'flags', 'flags']],
];

/** Without an answer, but with an effect on what is remembered. */
const forgets: readonly (readonly [opcode: number, fields: readonly Field[]])[] = [
  [Op.FORGET, ['u64']],
  [Op.BATCH_FORGET, ['size', 'u32', 'node', 'u64', 'node', 'u64', 'node']],
];

/** What changes nothing that it is asked about, and so may be asked about the root, too. */
const harmless: readonly number[] = [
  ...[Op.LOOKUP, Op.GETATTR, Op.STATFS, Op.SYNCFS, Op.OPENDIR, Op.READDIR, Op.ACCESS],
  ...[Op.GETXATTR, Op.LISTXATTR, Op.STATX, Op.READ, Op.READLINK, Op.LSEEK],
];

const unknownOpcodes = [0, 7, 19, 40, 41, 48, 49, 54, 63, 4096];

/** FS_IOC_GETFLAGS, SETFLAGS, FSGETXATTR, FSSETXATTR, GETVERSION. */
const fileFlagCommands = [0x80086601, 0x40086602, 0x801c581f, 0x401c5820, 0x80087601];

const oddNames = [
  '',
  '.',
  '..',
  '/',
  '../x',
  'x/',
  '/etc/passwd',
  'a\0b',
  'n'.repeat(256),
  '\xff\xfe',
];
const attributeNames = [
  'user.x',
  'security.capability',
  'system.posix_acl_access',
  'trusted.x',
  '',
];

function someName(random: Random): Buffer {
  const name = random.weighted<() => string>([
    [6, () => `p${random.below(6)}`],
    [3, () => random.pick(oddNames)],
    [2, () => random.pick(attributeNames)],
    [1, () => random.bytes(random.below(40)).toString('latin1')],
  ])();
  // What is not terminated runs into what follows.
  return Buffer.from(random.oneIn(20) ? name : `${name}\0`, 'latin1');
}

/** Records behind names: some that are right, most that are not. */
function someExtensions(random: Random): Buffer {
  if (!random.oneIn(3)) return Buffer.alloc(0);
  const records = Array.from({ length: random.between(1, 3) }, () => {
    const content = random.bytes(random.below(6) * 8);
    const size = random.oneIn(3) ? random.edgyU32() : 8 + content.length;
    return Buffer.concat([u32(size, random.below(40)), content]);
  });
  return Buffer.concat(records);
}

function encodeField(field: Field, random: Random, pit: Pit): Buffer {
  switch (field) {
    case 'u32':
      return u32(random.edgyU32());
    case 'u64':
      return u64(random.edgyU64());
    case 'node':
      return u64(pit.someNode(random));
    case 'handle':
      return u64(pit.someHandle(random));
    case 'offset':
    case 'length':
      return u64(random.oneIn(4) ? random.edgyU64() : random.below(70_000));
    case 'size':
      return u32(random.oneIn(3) ? random.edgyU32() : random.below(9000));
    case 'flags':
      return u32(random.oneIn(3) ? random.edgyU32() : (1 << random.below(12)) | random.below(3));
    case 'mode':
      return u32(
        random.pick([
          0o100644,
          0o040755,
          0o010600,
          0o140600,
          0o020600,
          0o060600,
          0o106777,
          random.u32(),
        ]),
      );
    case 'name':
      return someName(random);
    case 'text':
      return random.oneIn(2) ? Buffer.from(`${random.pick(attributeNames)}\0`) : someName(random);
    case 'data':
      return random.bytes(random.oneIn(30) ? random.below(70_000) : random.below(600));
    case 'ioctl':
      return u32(random.oneIn(4) ? random.edgyU32() : random.pick(fileFlagCommands));
    case 'extensions':
      return someExtensions(random);
  }
}

function corrupted(body: Buffer, random: Random): Buffer {
  const change = random.weighted<() => Buffer>([
    [8, () => body],
    [1, () => body.subarray(0, random.below(body.length + 1))],
    [1, () => Buffer.concat([body, random.bytes(random.below(80))])],
    [1, () => random.bytes(random.below(200))],
  ]);
  return change();
}

/** The length in the header: mostly the true one. */
function someLength(random: Random, bodySize: number): { readonly length?: number } {
  if (!random.oneIn(12)) return {};
  return { length: random.oneIn(2) ? 40 + random.below(bodySize + 80) : random.edgyU32() };
}

export interface HostileRequest {
  /** What the body was made for. */
  readonly opcode: number;
  /** What is asked for. */
  readonly asked: number;
  readonly node: bigint;
  readonly body: Buffer;
  readonly options: RequestOptions & { readonly room: number };
}

export function someHostileRequest(play: Play): HostileRequest {
  const { random } = play;
  const pit = Pit.of(play);
  const [opcode, fields] = random.pick(bodies);
  const asked = random.oneIn(25) ? random.pick([...unknownOpcodes, random.u32()]) : opcode;
  const encoded = Buffer.concat(fields.map((field) => encodeField(field, random, pit)));
  const body = pit.tame(opcode, corrupted(encoded, random));
  const node = harmless.includes(asked) && random.oneIn(6) ? root : pit.someNode(random);
  const options = {
    room: random.pick([0, 1, 8, 88, 104, 127, 128, 144, 300, 4096, random.below(70_000)]),
    caller: {
      uid: random.pick([0, 1000, random.edgyU32()]),
      gid: random.pick([0, random.edgyU32()]),
    },
    ...someLength(random, body.length),
  };
  return { opcode, asked, node, body, options };
}

/** The answer to a hostile request; null for what has none, and for nothing else. */
export function takeHostileAnswer(
  { asked }: HostileRequest,
  { length, bytes }: Returned,
): Reply | null {
  expectSame('whether there is an answer', length > 0, asked !== Op.INTERRUPT);
  return length === 0 ? null : new Reply(bytes.readInt32LE(4), bytes.subarray(16, length));
}

const hostileRequest: Action = (play) => {
  const hostile = someHostileRequest(play);
  const { opcode, asked, node, body, options } = hostile;
  play.note(`hostile opcode ${asked} of node ${node}, ${body.length} bytes, room ${options.room}`);
  const { guest } = play;
  guest.start(asked, node, body, options);
  const reply = takeHostileAnswer(hostile, guest.queue.collect());
  if (reply?.status === 'OK' && opcode === asked) Pit.of(play).learn(opcode, reply);
};

/** A FORGET or BATCH_FORGET of what is in the pit, and waits until its buffers come back. */
export function sendHostileForget(play: Play, sender: Guest): void {
  const { random } = play;
  const pit = Pit.of(play);
  const [opcode, fields] = random.pick(forgets);
  const encoded = Buffer.concat(fields.map((field) => encodeField(field, random, pit)));
  const body = pit.tame(opcode, corrupted(encoded, random));
  play.note(`hostile forget, opcode ${opcode}`);
  sender.notify(opcode, pit.someNode(random), body);
}

const hostileForget: Action = (play) => {
  sendHostileForget(play, play.random.oneIn(2) ? play.driver.hiprio : play.guest);
  Pit.of(play).void();
};

/** Chains that hold no whole request, or no room for an answer. */
const hostileChain: Action = (play) => {
  const { random, guest } = play;
  const header = guest.header(random.pick([Op.GETATTR, Op.STATFS, 77]), root, 16);
  const readable = random.oneIn(2)
    ? [header.subarray(0, random.between(1, 39))]
    : [header, random.bytes(random.below(30))];
  play.note('a chain without a whole request');
  guest.queue.submit(readable, random.oneIn(2) ? [] : [random.below(20)]);
  guest.queue.collect();
};

/** Opens one thing as often as it can, and closes it again, or not. */
const hoard: Action = (play) => {
  const { random, guest } = play;
  const pit = Pit.of(play);
  const node = pit.someNode(random);
  const isDirectory = random.oneIn(2);
  const handles: bigint[] = [];
  play.note(`open node ${node} many times`);
  for (let count = random.between(20, 100); count > 0; count--) {
    const reply = isDirectory ? guest.opendir(node) : guest.open(node, 0);
    if (reply.status !== 'OK') break;
    handles.push(reply.handle);
  }
  const kept = random.oneIn(2) ? handles.length : random.below(2);
  for (const handle of handles.slice(kept)) {
    const reply = isDirectory ? guest.releasedir(node, handle) : guest.release(node, handle);
    play.expectStatus('closing what was opened', reply, 'OK');
  }
};

/** INIT with a body or a version that vfsd does not take: the session stays what it is. */
const refusedInit: Action = (play) => {
  const { random, guest } = play;
  play.note('an INIT that is refused');
  const reply = random.oneIn(2)
    ? guest.request(Op.INIT, 0n, random.bytes(random.below(16)))
    : guest.request(Op.INIT, 0n, u32(random.below(7), random.u32(), 0, random.u32()));
  play.expectStatus('INIT', reply, 'EINVAL', 'EPROTO', 'EOPNOTSUPP');
};

export const hostileRequests: Actions = [
  [30, hostileRequest],
  [4, hostileForget],
  [3, hostileChain],
  [1, refusedInit],
  [1, hoard],
];
