// SPDX-License-Identifier: Apache-2.0

/** Valid requests for locks. Each action ends with no lock left, so that the next one knows where it stands. */

import { Op, type Guest } from '../../test/device/guest.js';
import { Reply } from '../../test/device/fuse-reply.js';
import { u32, u64 } from '../../test/device/vhost-user-message.js';
import { expectSame, expectTrue } from '../finding.js';
import type { CheckedQueue } from './checked-queue.js';
import type { Action, Actions, Play } from './play.js';

const F_WRLCK = 1;
const F_UNLCK = 2;
const wholeFile = 1;

interface Locked {
  readonly id: bigint;
  readonly handle: bigint;
}

interface Lock {
  readonly owner: bigint;
  readonly start: number;
  readonly end: number;
  readonly type?: number;
}

function someFile({ model, random }: Play): Locked | null {
  const fitting = [...model.ofKind('file'), ...model.removed].flatMap(({ node, handles }) =>
    handles.flatMap(({ handle, canRead, canWrite }) =>
      node !== null && canRead && canWrite ? [{ id: node, handle }] : [],
    ),
  );
  return fitting.length === 0 ? null : random.pick(fitting);
}

function lockBody(
  { handle }: Locked,
  { owner, start, end, type = F_WRLCK }: Lock,
  flags = 0,
): Buffer {
  return Buffer.concat([u64(handle, owner, start, end), u32(type, 1, flags, 0)]);
}

function ask(guest: Guest, opcode: number, file: Locked, lock: Lock, flags = 0): Reply {
  return guest.request(opcode, file.id, lockBody(file, lock, flags));
}

const exclude: Action = (play) => {
  const file = play.abilities.locks ? someFile(play) : null;
  if (file === null) return;
  const { random, guest } = play;
  const start = random.below(1000);
  const end = start + random.below(1000);
  const [one, other] = [random.u64(), random.u64()];
  play.note(`lock ${start} to ${end}`);
  const held: Lock = { owner: one, start, end };
  const inside: Lock = { owner: other, start: random.between(start, end), end: end + 5 };
  const behind: Lock = { owner: other, start: end + 1, end: end + 10 };
  play.expectStatus('SETLK', ask(guest, Op.SETLK, file, held), 'OK');
  play.expectStatus('SETLK of another', ask(guest, Op.SETLK, file, inside), 'EAGAIN');
  const found = ask(guest, Op.GETLK, file, inside);
  play.expectStatus('GETLK', found, 'OK');
  expectSame('the lock in the way', found.payload.readBigUInt64LE(0), BigInt(start));
  expectSame('its end', found.payload.readBigUInt64LE(8), BigInt(end));
  expectSame('its type', found.payload.readUInt32LE(16), F_WRLCK);
  play.expectStatus('SETLK behind', ask(guest, Op.SETLK, file, behind), 'OK');
  for (const owner of [one, other]) unlock(play, guest, file, owner);
  play.expectStatus('SETLK afterwards', ask(guest, Op.SETLK, file, inside), 'OK');
  unlock(play, guest, file, other);
};

/** By the unlock, or by the close of the file. */
function unlock(play: Play, guest: Guest, file: Locked, owner: bigint): void {
  if (play.random.oneIn(2)) {
    play.expectStatus('FLUSH', guest.flush(file.id, file.handle, owner), 'OK');
    return;
  }
  const all: Lock = { owner, start: 0, end: 0x7fff_ffff, type: F_UNLCK };
  play.expectStatus('unlocking', ask(guest, Op.SETLK, file, all), 'OK');
}

/** Collects the answers of so many requests by the heads of their chains. */
function answersOf(queue: CheckedQueue, count: number): ReadonlyMap<number, string> {
  const answers = new Map<number, string>();
  for (let i = 0; i < count; i++) {
    const { head, length, bytes } = queue.collect();
    answers.set(head, new Reply(bytes.readInt32LE(4), bytes.subarray(16, length)).status);
  }
  return answers;
}

/** One waits for a lock, on a queue that goes on meanwhile, and gets it; or the queue stops, and the wait ends. */
const wait: Action = (play) => {
  const file = play.abilities.locks ? someFile(play) : null;
  if (file === null) return;
  const { random, driver } = play;
  const index = driver.someQueue(random);
  const guest = driver.guestOn(index);
  const queue = driver.queue(index);
  // A quarter of a ring may wait, and less where requests take many descriptors.
  const mayWait = queue.options.size >= (queue.options.layout === 'indirect' ? 4 : 16);
  const [one, other] = [random.u64(), random.u64()];
  const lock = { start: 0, end: 99 };
  const isStopped = random.oneIn(2);
  play.note(`wait for a lock on queue ${index}, which ${isStopped ? 'stops' : 'goes on'}`);
  play.expectStatus('SETLK', ask(guest, Op.SETLK, file, { owner: one, ...lock }), 'OK');
  const head = guest.start(Op.SETLKW, file.id, lockBody(file, { owner: other, ...lock }));
  let status: string | undefined;
  if (!mayWait || isStopped) {
    if (mayWait) {
      driver.checkQueues([index]);
      driver.stopAndContinue(index);
    }
    status = answersOf(queue, 1).get(head);
  } else {
    driver.checkQueues([index]);
    const all: Lock = { owner: one, start: 0, end: 0x7fff_ffff, type: F_UNLCK };
    const unlocking = guest.start(Op.SETLK, file.id, lockBody(file, all));
    const answers = answersOf(queue, 2);
    expectSame('the status of the unlock', answers.get(unlocking), 'OK');
    status = answers.get(head);
  }
  expectSame('SETLKW', status, !mayWait ? 'ENOLCK' : isStopped ? 'EINTR' : 'OK');
  for (const owner of [one, other]) unlock(play, play.guest, file, owner);
};

const whole: Action = (play) => {
  const file = play.abilities.flocks ? someFile(play) : null;
  if (file === null) return;
  const { guest, random } = play;
  const owner = random.u64();
  const lock: Lock = { owner, start: 0, end: 0x7fff_ffff };
  play.note('lock a whole file');
  play.expectStatus('flock', ask(guest, Op.SETLK, file, lock, wholeFile), 'OK');
  const end = { ...lock, type: F_UNLCK };
  play.expectStatus('its end', ask(guest, Op.SETLK, file, end, wholeFile), 'OK');
  expectTrue('the file is still open', guest.flush(file.id, file.handle).status !== 'EBADF');
};

export const lockActions: Actions = [
  [3, exclude],
  [3, wait],
  [1, whole],
];
