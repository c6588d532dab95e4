// SPDX-License-Identifier: Apache-2.0

/**
 * Many hostile requests at once, in threads that nobody waits for, while something else happens: their nodes are forgotten,
 * their ring stops, their session ends, or another queue goes on with its work.
 */

import type { Random } from '../random.js';
import { attributeActions } from './attribute-actions.js';
import { dataActions } from './data-actions.js';
import {
  sendHostileForget,
  someHostileRequest,
  takeHostileAnswer,
  type HostileRequest,
} from './hostile-requests.js';
import { resetSession } from './machine-actions.js';
import { nameActions } from './name-actions.js';
import { Pit } from './pit.js';
import type { Action, Actions, Play } from './play.js';

/** So that all of it fits into a queue's memory. */
const largestRoom = 8192;

type Meanwhile = (play: Play, index: number) => void;

function workElsewhere(play: Play): void {
  const { random } = play;
  for (let steps = random.between(1, 6); steps > 0; steps--) {
    play.perform(random.weighted(random.pick([nameActions, dataActions, attributeActions])));
  }
}

const onlyQueue: readonly Meanwhile[] = [
  () => undefined,
  (play) => {
    for (let i = play.random.between(1, 4); i > 0; i--) sendHostileForget(play, play.driver.hiprio);
  },
  (play, index) => {
    play.driver.stopAndContinue(index);
  },
  (play, index) => {
    const { frontEnd, regions } = play.driver.machine;
    frontEnd.setMemory(regions);
    frontEnd.enableRing(index, false);
    frontEnd.enableRing(index, true);
  },
];

const besideOthers: readonly Meanwhile[] = [
  ...onlyQueue,
  workElsewhere,
  workElsewhere,
  resetSession,
];

function someSmallRequest(play: Play, random: Random): HostileRequest {
  for (;;) {
    const hostile = someHostileRequest(play);
    const room = Math.min(hostile.options.room, random.below(largestRoom));
    if (hostile.body.length <= largestRoom) {
      return { ...hostile, options: { ...hostile.options, room } };
    }
  }
}

const storm: Action = (play) => {
  const { driver, random } = play;
  const index = driver.someQueue(random);
  const guest = driver.guestOn(index);
  const queue = driver.queue(index);
  const underWay = new Map<number, HostileRequest>();
  // Made before any is sent: the pit may have to be entered first, by requests of its own.
  const requests = Pit.of(play).withoutForgery(() =>
    Array.from({ length: random.between(2, 20) }, () => someSmallRequest(play, random)),
  );
  play.note(`${requests.length} hostile requests at once on queue ${index}`);
  for (const hostile of requests) {
    if (queue.freeDescriptors < (queue.options.layout === 'direct' ? 4 : 1)) break;
    const { asked, node, body, options } = hostile;
    underWay.set(guest.start(asked, node, body, options), hostile);
  }
  driver.whileBusy(index, () => {
    random.pick(driver.requestQueues > 1 ? besideOthers : onlyQueue)(play, index);
  });
  while (underWay.size > 0) {
    const returned = queue.collect();
    const hostile = underWay.get(returned.head);
    if (hostile !== undefined) takeHostileAnswer(hostile, returned);
    underWay.delete(returned.head);
  }
};

export const stormActions: Actions = [[1, storm]];
