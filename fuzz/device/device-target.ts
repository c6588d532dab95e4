// SPDX-License-Identifier: Apache-2.0

/** The whole device: a daemon with its sandbox, behind a real socket, driven over real rings. */

import { Random } from '../random.js';
import type { Target, TargetKind } from '../target.js';
import type { Tally } from '../tally.js';
import { Episode } from './episode.js';
import { Descriptors } from './hostile-messages.js';
import { Subject } from './subject.js';

/** A start takes as long as several seeds; an end shows mistakes that seeds do not. */
const seedsPerDaemon = 64;
const keptSteps = 40;

class DeviceTarget implements Target {
  readonly #tally: Tally;
  readonly #descriptors = new Descriptors();
  #subject: Subject | null = null;
  #number = -1;
  #steps: string[] = [];
  #log = '';

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  async run(seed: number): Promise<void> {
    this.#steps = [];
    const subject = await this.#subjectFor(Math.floor(seed / seedsPerDaemon));
    try {
      subject.clearShare();
      const episode = new Episode(
        ...([subject, new Random(seed), this.#tally, this.#descriptors] as const),
        (step) => {
          this.#steps.push(step);
          if (this.#steps.length > keptSteps) this.#steps.shift();
        },
      );
      await episode.run();
      await subject.checkSettled();
    } catch (error) {
      this.#log = `${subject.log}\nits threads:\n${subject.threads}`;
      throw error;
    }
  }

  explain(): string {
    return `the last steps:\n  ${this.#steps.join('\n  ')}\nthe daemon's last words:\n${this.#log}`;
  }

  async close(): Promise<void> {
    const subject = this.#subject;
    this.#subject = null;
    if (subject !== null) await subject.stop();
  }

  async #subjectFor(number: number): Promise<Subject> {
    if (this.#subject !== null && this.#number === number) return this.#subject;
    await this.close();
    this.#subject = await Subject.start(number);
    this.#number = number;
    this.#tally.add('daemons');
    return this.#subject;
  }
}

export const deviceTarget: TargetKind = {
  name: 'device',
  open: (tally) => new DeviceTarget(tally),
};
