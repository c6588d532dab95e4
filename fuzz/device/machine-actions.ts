// SPDX-License-Identifier: Apache-2.0

/** What happens around a guest that behaves: its machine is paused, its memory changes, its driver starts over. */

import { expectTrue } from '../finding.js';
import type { Action, Actions } from './play.js';
import { Pit } from './pit.js';
import { Ask, u32, u64 } from '../../test/device/vhost-user-message.js';

const stopAndContinue: Action = (play) => {
  const { driver, random } = play;
  const queues = driver.allQueues.filter(() => !random.oneIn(2));
  play.note(`stop and continue queues ${queues.join()}`);
  for (const index of queues) driver.stopAndContinue(index);
  driver.checkQueues(queues);
};

const disableAndEnable: Action = (play) => {
  const { driver, random } = play;
  const index = driver.someQueue(random);
  play.note(`disable and enable queue ${index}`);
  driver.machine.frontEnd.enableRing(index, false);
  driver.machine.frontEnd.enableRing(index, true);
  driver.checkQueues([index]);
};

/** The same table again: every ring goes on where it was. */
const repeatMemory: Action = (play) => {
  const { machine } = play.driver;
  play.note('the memory table once more');
  machine.frontEnd.setMemory(machine.regions);
};

const plugMemory: Action = (play) => {
  const { machine } = play.driver;
  const last = machine.regions.at(-1);
  if (last === undefined) return;
  play.note('memory is plugged in and out');
  const region = machine.memory.add(last.guestAddress + last.size + 0x10000, 1 << 20);
  machine.frontEnd.addRegion(region);
  play.driver.checkQueues([play.driver.someQueue(play.random)]);
  machine.frontEnd.removeRegion(region);
  machine.memory.remove(region.guestAddress);
};

const replaceCall: Action = (play) => {
  const { driver, random } = play;
  const index = driver.someQueue(random);
  play.note(`another call descriptor for queue ${index}`);
  driver.machine.frontEnd.command(Ask.SET_VRING_CALL, u64(index), [
    driver.queue(index).ring.callFd,
  ]);
};

/** DESTROY and INIT, or INIT alone, as after a driver that went away without a word. */
export const resetSession: Action = (play) => {
  const { driver, random } = play;
  const destroys = random.oneIn(2);
  const before = play.model.root.node;
  play.note(destroys ? 'DESTROY and INIT' : 'INIT again');
  if (destroys) {
    play.expectStatus('DESTROY', play.guest.destroy(), 'OK');
    play.expectStatus('STATFS without a session', play.guest.statfs(), 'ENOTCONN');
  }
  driver.init(random);
  play.model.forgetSession();
  Pit.leave(play);
  if (before === null) return;
  const { status } = play.guest.getattr(before);
  expectTrue('a nodeid of the last session is void', status !== 'OK');
};

const resetDevice: Action = (play) => {
  const { driver } = play;
  play.note('RESET_DEVICE');
  driver.machine.frontEnd.command(Ask.RESET_DEVICE, u32());
  for (const index of driver.allQueues) driver.setUpAfresh(index);
  driver.init(play.random);
  play.model.forgetSession();
  Pit.leave(play);
};

const renewQueue: Action = (play) => {
  const { driver, random } = play;
  const index = random.below(driver.requestQueues + 1);
  play.note(`set queue ${index} up afresh`);
  driver.renew(index);
};

export const machineActions: Actions = [
  [6, stopAndContinue],
  [2, disableAndEnable],
  [2, repeatMemory],
  [2, plugMemory],
  [2, replaceCall],
  [2, resetSession],
  [1, resetDevice],
  [2, renewQueue],
];
