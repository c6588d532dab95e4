// SPDX-License-Identifier: Apache-2.0

/**
 * What one seed stands for: a guest that does what is right, on machines that come and go, while others of its kind, the
 * rings and the front-end do what is wrong. At the end everything is where the model says.
 */

import { join } from 'node:path';
import { expectTrue } from '../finding.js';
import type { Random } from '../random.js';
import type { Tally } from '../tally.js';
import { root } from '../../test/device/guest.js';
import { attributeActions } from './attribute-actions.js';
import { dataActions } from './data-actions.js';
import { Driver } from './driver.js';
import {
  addVanishingMemory,
  misbehave,
  sendHostileMessages,
  type Descriptors,
} from './hostile-messages.js';
import { compareWithHost } from './host-tree.js';
import { hostileRequests } from './hostile-requests.js';
import { hostileRings } from './hostile-rings.js';
import { lockActions } from './lock-actions.js';
import { machineActions } from './machine-actions.js';
import { Model } from './model.js';
import { nameActions } from './name-actions.js';
import { stormActions } from './storm.js';
import { modelName, Play, type Abilities, type Action, type Actions } from './play.js';

const patienceMs = 5000;

/** What an episode gets from the daemon that it is played at. */
export interface Stage {
  readonly share: string;
  readonly abilities: Abilities;
  /** How many request queues the daemon has threads for. */
  readonly requestQueues: number;
  connect(): Promise<number>;
}

const families: readonly (readonly [weight: number, actions: Actions])[] = [
  [30, nameActions],
  [30, dataActions],
  [24, attributeActions],
  [6, lockActions],
  [40, hostileRequests],
  [8, stormActions],
  [6, hostileRings],
  [5, machineActions],
];

export class Episode {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #descriptors: Descriptors;
  readonly #note: (step: string) => void;
  readonly #model = new Model();

  constructor(
    stage: Stage,
    random: Random,
    tally: Tally,
    descriptors: Descriptors,
    note: (step: string) => void,
  ) {
    this.#stage = stage;
    this.#random = random;
    this.#tally = tally;
    this.#descriptors = descriptors;
    this.#note = note;
  }

  async run(): Promise<void> {
    const random = this.#random;
    for (let machines = random.between(1, 3), left = machines; left > 0; left--) {
      if (random.oneIn(3)) {
        this.#note('a front-end that misbehaves');
        misbehave(await this.#stage.connect(), random.fork(), this.#descriptors, this.#tally);
      }
      await this.#runMachine(left === machines);
    }
    const { share, abilities } = this.#stage;
    compareWithHost(this.#model.root, join(share, modelName), abilities.isMapped);
  }

  async #runMachine(isFirst: boolean): Promise<void> {
    const random = this.#random;
    const { abilities, requestQueues } = this.#stage;
    const driver = new Driver(await this.#stage.connect(), random, this.#tally, requestQueues);
    try {
      this.#note(`a machine of ${driver.requestQueues} request queues`);
      driver.init(random);
      const play = new Play(driver, this.#model, random, abilities, this.#note);
      if (isFirst) play.learn(this.#model.root, play.guest.mkdir(root, modelName, 0o755));
      for (let steps = random.between(10, 120); steps > 0; steps--) this.#step(play);
      this.#leave(play);
    } finally {
      driver.close();
      this.#model.forgetSession();
    }
  }

  #step(play: Play): void {
    const actions = this.#random.weighted(families);
    const action: Action = this.#random.weighted(actions);
    play.perform(action);
    this.#tally.add('actions');
  }

  /** The machine goes, in one way or another. */
  #leave(play: Play): void {
    const random = this.#random;
    const { machine } = play.driver;
    play.driver.checkQueues(play.driver.allQueues);
    if (random.oneIn(3)) return;
    // What the rings or the front-end do from here on must find no request of the model to serve again.
    for (const { arena, memory } of machine.queues) {
      memory.write(arena.extent.start, Buffer.alloc(arena.extent.end - arena.extent.start));
    }
    if (random.oneIn(4)) this.#loseMemory(play);
    else {
      this.#note('hostile messages on a machine that runs');
      sendHostileMessages(machine.frontEnd, random.fork(), machine, this.#descriptors, this.#tally);
    }
  }

  /** The front-end shrinks memory that the daemon has mapped: each ring that meets that is broken. */
  #loseMemory({ driver }: Play): void {
    const index = driver.someQueue(this.#random);
    const queue = driver.queue(index);
    if (queue.options.size < 2) return;
    this.#note(`memory vanishes under queue ${index}`);
    const address = addVanishingMemory(driver.machine);
    for (let i = 0; i < 2; i++) {
      queue.ring.publish(queue.place([{ address, length: 56 }], 'direct', []));
    }
    queue.ring.expose();
    expectTrue('the loss of memory is told', queue.ring.waitError(patienceMs));
  }
}
