// SPDX-License-Identifier: Apache-2.0

/** Where the two sides run. A wake-up across cores costs more than most requests, so it must not be left to chance. */

import { cpus } from 'node:os';
import { native } from '../test/device/native.js';

export interface Placement {
  readonly name: string;
  readonly title: string;
  readonly frontEnd: readonly number[];
  readonly daemon: readonly number[];
  /** How long the front-end looks for an answer before it sleeps. */
  readonly spinNs: number;
}

const forEver = 1e12;

/** Those of the names that this machine can have; all for none. */
export function placements(names: readonly string[]): Placement[] {
  const [first = 0, ...rest] = cpus().map((_, index) => index);
  const all: Placement[] = [
    {
      name: 'same',
      title: 'Front-end on the same core',
      frontEnd: [first],
      daemon: [first],
      spinNs: 0,
    },
    {
      name: 'other',
      title: 'Front-end on another core, sleeping while it waits',
      frontEnd: [first],
      daemon: rest,
      spinNs: 0,
    },
    {
      name: 'other-polling',
      title: 'Front-end on another core, polling while it waits',
      frontEnd: [first],
      daemon: rest,
      spinNs: forEver,
    },
  ];
  const unknown = names.find((name) => !all.some((placement) => placement.name === name));
  if (unknown !== undefined) throw new Error(`there is no placement "${unknown}"`);
  return all
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .filter(({ daemon }) => daemon.length > 0);
}

/** Pins the calling thread, in which the workload's loop runs. */
export function placeFrontEnd(cpusOfIt: readonly number[]): void {
  native.setAffinity(0, cpusOfIt);
}
