// SPDX-License-Identifier: Apache-2.0

/** Valid requests about the contents of files, compared byte by byte. */

import { Op } from '../../test/device/guest.js';
import { Reply } from '../../test/device/fuse-reply.js';
import { u32, u64 } from '../../test/device/vhost-user-message.js';
import { expectSame, expectTrue } from '../finding.js';
import type { ModelNode, OpenHandle } from './model.js';
import type { Action, Actions, Play } from './play.js';

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_TRUNC = 0o1000;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** Files stay this small, so that a run takes little room. */
const largestFile = 96 * 1024;
const mostHandles = 24;
const unsupported = ['EOPNOTSUPP', 'ENOSYS'] as const;

interface Opened {
  readonly node: ModelNode;
  readonly id: bigint;
  readonly open: OpenHandle;
}

function everyOpened({ model }: Play): Opened[] {
  return [...model.ofKind('file'), ...model.removed].flatMap((node) =>
    node.node === null ? [] : node.handles.map((open) => ({ node, id: node.node ?? 0n, open })),
  );
}

/** A handle for reading, or for writing; null: there is none. */
function someOpened(play: Play, purpose: 'canRead' | 'canWrite'): Opened | null {
  const fitting = everyOpened(play).filter(({ open }) => open[purpose]);
  return fitting.length === 0 ? null : play.random.pick(fitting);
}

/** What a file of so many bytes holds between these, with zeros behind its end. */
function resized(content: Buffer, length: number): Buffer {
  if (length <= content.length) return content.subarray(0, length);
  return Buffer.concat([content, Buffer.alloc(length - content.length)]);
}

function overwritten(content: Buffer, offset: number, data: Uint8Array): Buffer {
  // Nothing is nowhere: a file does not grow up to it.
  if (data.byteLength === 0) return content;
  const all = Buffer.from(resized(content, Math.max(content.length, offset + data.byteLength)));
  all.set(data, offset);
  return all;
}

function someOffset({ random }: Play, content: Buffer): number {
  return random.oneIn(3) ? random.below(largestFile) : random.below(content.length + 1);
}

const open: Action = (play) => {
  const { model, random } = play;
  const files = model.ofKind('file');
  if (files.length === 0 || everyOpened(play).length >= mostHandles) return;
  const node = random.pick(files);
  const access = random.pick([O_RDONLY, O_WRONLY, O_RDWR, O_RDWR]);
  const truncates = access !== O_RDONLY && random.oneIn(6);
  play.note(`open, access ${access}${truncates ? ', truncating' : ''}`);
  const reply = play.guest.open(play.reach(node), access | (truncates ? O_TRUNC : 0));
  play.expectStatus('OPEN', reply, 'OK');
  if (truncates) node.content = Buffer.alloc(0);
  node.handles.push({
    handle: reply.handle,
    canRead: access !== O_WRONLY,
    canWrite: access !== O_RDONLY,
  });
};

const release: Action = (play) => {
  const opened = everyOpened(play);
  if (opened.length === 0) return;
  const { node, id, open } = play.random.pick(opened);
  play.note('release');
  play.expectStatus('FLUSH', play.guest.flush(id, open.handle), 'OK', 'ENOSYS');
  play.expectStatus('RELEASE', play.guest.release(id, open.handle), 'OK');
  node.handles = node.handles.filter((other) => other !== open);
  play.settleRemoved();
  const after = play.guest.read(id, open.handle, 0, 10);
  expectTrue('a handle that was released is void', after.status !== 'OK');
};

const read: Action = (play) => {
  const opened = someOpened(play, 'canRead');
  if (opened === null) return;
  const { node, id, open } = opened;
  const offset = someOffset(play, node.content);
  const size = play.random.below(largestFile);
  play.note(`read ${size} at ${offset}`);
  const reply = play.guest.read(id, open.handle, offset, size);
  play.expectStatus('READ', reply, 'OK');
  const wanted = node.content.subarray(offset, offset + size);
  expectSame('the length of what was read', reply.payload.length, wanted.length);
  expectTrue('what was read is what was written', reply.payload.equals(wanted));
};

const write: Action = (play) => {
  const opened = someOpened(play, 'canWrite');
  if (opened === null) return;
  const { node, id, open } = opened;
  const { random } = play;
  const offset = someOffset(play, node.content);
  const data = random.bytes(random.below(Math.min(largestFile - offset, 8192) + 1));
  play.note(`write ${data.length} at ${offset}`);
  const reply = play.guest.write(id, open.handle, offset, data);
  play.expectStatus('WRITE', reply, 'OK');
  expectSame('what was written', reply.count, data.length);
  node.content = overwritten(node.content, offset, data);
};

const truncate: Action = (play) => {
  const { random } = play;
  const files = play.model.ofKind('file');
  if (files.length === 0) return;
  const node = random.pick(files);
  const size = random.oneIn(3) ? random.below(largestFile) : random.below(node.content.length + 1);
  const fh = node.handles.find(({ canWrite }) => canWrite)?.handle;
  play.note(`truncate to ${size}`);
  const reply = play.guest.setattr(
    play.reach(node),
    fh !== undefined && random.oneIn(2) ? { size, fh } : { size },
  );
  play.expectStatus('SETATTR of the size', reply, 'OK');
  node.content = Buffer.from(resized(node.content, size));
  play.checkAttributes(node, reply.attributes);
};

const fallocate: Action = (play) => {
  const opened = someOpened(play, 'canWrite');
  if (opened === null) return;
  const { node, id, open } = opened;
  const { random } = play;
  const offset = random.below(largestFile - 4096);
  const length = random.between(1, 4096);
  const mode = random.pick([0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE]);
  play.note(`fallocate ${length} at ${offset}, mode ${mode}`);
  const reply = play.guest.fallocate(id, open.handle, BigInt(offset), BigInt(length), mode);
  play.expectStatus('FALLOCATE', reply, 'OK', ...unsupported);
  if (reply.status !== 'OK') return;
  if (mode === 0)
    node.content = resized(node.content, Math.max(node.content.length, offset + length));
  if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) {
    const hole = Math.max(0, Math.min(length, node.content.length - offset));
    node.content = overwritten(node.content, offset, Buffer.alloc(hole));
  }
};

const copy: Action = (play) => {
  const from = someOpened(play, 'canRead');
  const to = someOpened(play, 'canWrite');
  if (from === null || to === null || from.node === to.node) return;
  const { random } = play;
  const offset = random.below(from.node.content.length + 1);
  const toOffset = random.below(to.node.content.length + 1);
  const length = random.below(Math.min(16_384, largestFile - toOffset) + 1);
  play.note(`copy ${length} from ${offset} to ${toOffset}`);
  const reply = play.guest.copyFileRange(
    { node: from.id, handle: from.open.handle, offset },
    { node: to.id, handle: to.open.handle, offset: toOffset },
    length,
  );
  play.expectStatus('COPY_FILE_RANGE', reply, 'OK', ...unsupported);
  if (reply.status !== 'OK') return;
  const data = from.node.content.subarray(offset, offset + reply.count);
  expectTrue('no more is copied than there is', data.length === reply.count);
  expectTrue('no more is copied than was asked for', reply.count <= length);
  to.node.content = overwritten(to.node.content, toOffset, data);
};

const seek: Action = (play) => {
  const opened = someOpened(play, 'canRead');
  if (opened === null) return;
  const { node, id, open } = opened;
  const offset = play.random.below(largestFile);
  const whence = play.random.pick([SEEK_DATA, SEEK_HOLE]);
  play.note(`seek from ${offset}, whence ${whence}`);
  const reply = play.guest.lseek(id, open.handle, offset, whence);
  play.expectStatus('LSEEK', reply, 'OK', 'ENXIO');
  if (reply.status !== 'OK') {
    expectTrue(
      'LSEEK finds nothing behind the end',
      offset >= node.content.length || whence === SEEK_DATA,
    );
    return;
  }
  expectTrue('LSEEK does not go back', reply.offset >= BigInt(offset));
  expectTrue('LSEEK stays in the file', reply.offset <= BigInt(node.content.length));
};

const sync: Action = (play) => {
  const opened = someOpened(play, 'canWrite');
  if (opened === null || !play.random.oneIn(4)) return;
  play.note('fsync');
  play.expectStatus('FSYNC', play.guest.fsync(opened.id, opened.open.handle, true), 'OK');
};

/** Several READs under way at once, on any queues, to be answered in any order. */
const readMany: Action = (play) => {
  const { driver, random } = play;
  const index = driver.someQueue(random);
  const guest = driver.guestOn(index);
  const queue = driver.queue(index);
  const wanted = new Map<number, Buffer>();
  const count = random.between(2, 12);
  play.note(`read ${count} times at once on queue ${index}`);
  for (let i = 0; i < count && queue.freeDescriptors >= 8; i++) {
    const opened = someOpened(play, 'canRead');
    if (opened === null) break;
    const { node, id, open } = opened;
    const offset = someOffset(play, node.content);
    const size = random.below(8192);
    const body = Buffer.concat([u64(open.handle, offset), u32(size, 0), u64(0), u32(0, 0)]);
    const head = guest.start(Op.READ, id, body, { room: size });
    wanted.set(head, node.content.subarray(offset, offset + size));
  }
  while (wanted.size > 0) {
    const { head, length, bytes } = queue.collect();
    const reply = new Reply(bytes.readInt32LE(4), bytes.subarray(16, length));
    play.expectStatus('READ', reply, 'OK');
    expectTrue(
      'what was read is what was written',
      wanted.get(head)?.equals(reply.payload) === true,
    );
    wanted.delete(head);
  }
};

export const dataActions: Actions = [
  [8, open],
  [4, release],
  [10, read],
  [12, write],
  [4, truncate],
  [3, fallocate],
  [3, copy],
  [2, seek],
  [1, sync],
  [3, readMany],
];
