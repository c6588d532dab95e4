// SPDX-License-Identifier: Apache-2.0

/** The codec, the framing and the session, over an addon and a device that insist on their contracts. */

import type { RingIndex, SetupRefusal, SystemFailure } from '../../src/native/types.js';
import { requestsAwaitingReply, requestName } from '../../src/vhost-user/protocol.js';
import { encodeMessage, FakeFrontEnd } from '../../test/doubles/fake-front-end.js';
import { expectSame, expectTrue, Finding } from '../finding.js';
import { Random } from '../random.js';
import type { Tally } from '../tally.js';
import type { Target, TargetKind } from '../target.js';
import { framingOf, someMessage, type FuzzedMessage } from './messages.js';

const refusal: SetupRefusal = { refused: 'the device does not like it' };
const failure: SystemFailure = { errno: 12, code: 'ENOMEM', syscall: 'mmap' };
const replyFlags = 0x5;

class VhostUserTarget implements Target {
  readonly #tally: Tally;
  #steps: string[] = [];

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  async run(seed: number): Promise<void> {
    this.#steps = [];
    const random = new Random(seed);
    const frontEnd = new FakeFrontEnd({ tag: random.oneIn(2) ? 'tag' : null });
    // Observed only at the end, where a rejection is thrown.
    const { finished } = frontEnd;
    finished.catch(() => undefined);
    if (!random.oneIn(4)) await frontEnd.negotiate();
    for (let left = random.between(1, 60); left > 0 && !frontEnd.isFinished; left--) {
      this.#disturb(frontEnd, random);
      const message = someMessage(random);
      await this.#send(frontEnd, random, message);
      if (framingOf(message) !== 'whole') break;
    }
    frontEnd.binding.end(frontEnd.socket);
    await finished;
    this.#checkGivenBack(frontEnd);
  }

  explain(): string {
    return `the messages:\n  ${this.#steps.join('\n  ')}`;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What the native side may do at any time. */
  #disturb({ device, session }: FakeFrontEnd, random: Random): void {
    device.served = random.below(5);
    const answer = <T>(value: T): T | undefined => (random.oneIn(12) ? value : undefined);
    device.memoryAnswer = answer(random.pick([refusal, failure]));
    device.startAnswer = answer(random.pick([refusal, failure]));
    device.callAnswer = answer(failure);
    if (random.oneIn(10)) session.ringBroken(random.below(6) as RingIndex, 'the driver is odd');
  }

  async #send(frontEnd: FakeFrontEnd, random: Random, message: FuzzedMessage): Promise<void> {
    const { request, payload, flags, size } = message;
    this.#tally.add('messages');
    this.#steps.push(
      `${requestName(request)}, flags ${flags}, size ${size} of ${payload.byteLength}, ${message.fds} descriptors`,
    );
    const before = frontEnd.replies.length;
    const bytes = encodeMessage(request, payload, { flags, size });
    let fds = Array.from({ length: message.fds }, () => frontEnd.newFd());
    // As it may come from a socket: in any pieces, with the descriptors on the first one.
    for (let at = 0; at < bytes.byteLength;) {
      const end = random.oneIn(3) ? random.between(at + 1, bytes.byteLength) : bytes.byteLength;
      frontEnd.binding.deliver(frontEnd.socket, bytes.subarray(at, end), fds);
      if (random.oneIn(2)) await frontEnd.settle();
      fds = [];
      at = end;
      if (frontEnd.isFinished) return;
    }
    await frontEnd.settle();
    this.#checkReplies(frontEnd, before, message);
  }

  #checkReplies(frontEnd: FakeFrontEnd, before: number, message: FuzzedMessage): void {
    const { request } = message;
    const replies = frontEnd.replies.slice(before);
    for (const reply of replies) {
      if (framingOf(message) === 'whole') {
        expectSame('the request that is answered', reply.request, request);
      }
      expectSame('the flags of the answer', reply.flags, replyFlags);
    }
    const framing = framingOf(message);
    if (frontEnd.isFinished || framing === 'unclear') return;
    const name = requestName(request);
    if (framing === 'broken')
      throw new Finding(`${name}: the session goes on after a broken header`);
    expectTrue('no message has two answers', replies.length <= 1);
    expectTrue(
      `${name} is answered, or the session ends`,
      replies.length === 1 || !requestsAwaitingReply.has(request),
    );
  }

  #checkGivenBack({ binding, device, socket }: FakeFrontEnd): void {
    expectSame('the descriptors that are left', [...binding.openFds], []);
    expectSame('the rings that run', device.running.size, 0);
    expectSame('the memory that is left', device.memory.length, 0);
    expectSame('the watches that are left', binding.watches.has(socket), false);
    expectTrue('the FUSE session is over', device.resets > 0);
  }
}

export const vhostUserTarget: TargetKind = {
  name: 'vhost-user',
  open: (tally) => new VhostUserTarget(tally),
};
