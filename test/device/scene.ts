// SPDX-License-Identifier: Apache-2.0

/** What a device test begins with: a daemon with a share, and a machine whose guest has mounted it. */

import type { Test } from 'tap';
import { DaemonProcess, Workplace, type StartOptions } from './daemon.js';
import { root, type Guest } from './guest.js';
import { Machine, type MachineOptions } from './machine.js';

export interface SceneOptions extends StartOptions {
  readonly machine?: MachineOptions;
  /** The test ends the daemon itself. */
  readonly endsInTest?: boolean;
  /** Fills the share before the daemon is started. */
  readonly furnish?: (share: string) => void;
}

export interface Scene {
  readonly daemon: DaemonProcess;
  readonly machine: Machine;
  readonly guest: Guest;
  /** The shared directory as the host sees it. */
  readonly share: string;
}

/** Starts vfsd for a test. At the test's end it must still be there, and end as told. */
export async function startVfsd(t: Test, options: SceneOptions = {}): Promise<DaemonProcess> {
  const workplace = new Workplace();
  options.furnish?.(workplace.share);
  const daemon = new DaemonProcess(workplace, options);
  t.teardown(async () => {
    const hasDied = daemon.hasExited && options.endsInTest !== true;
    const exit = await daemon.stop();
    const { output } = daemon;
    workplace.remove();
    // The test is over, so that a failure can only be thrown.
    if (hasDied || exit.code !== 0) {
      throw new Error(
        `vfsd ${hasDied ? 'died' : 'ended badly'}: ${JSON.stringify(exit)}\n${output}`,
      );
    }
  });
  await daemon.ready();
  return daemon;
}

/** A machine on the daemon, gone at the test's end. The guest has not sent INIT yet. */
export async function connectMachine(
  t: Test,
  daemon: DaemonProcess,
  options: MachineOptions = {},
): Promise<Machine> {
  const machine = new Machine(await daemon.connect(), options);
  t.teardown(() => {
    machine.close();
  });
  return machine;
}

/** All together, with the guest's session begun. */
export async function openScene(t: Test, options: SceneOptions = {}): Promise<Scene> {
  const daemon = await startVfsd(t, options);
  const machine = await connectMachine(t, daemon, options.machine);
  const { guest } = machine;
  t.equal(guest.init().status, 'OK', 'INIT');
  return { daemon, machine, guest, share: daemon.workplace.share };
}

/** The device still answers as it should. */
export function stillServes(t: Test, guest: Guest, after: string): void {
  const { status, attributes } = guest.getattr(root);
  t.ok(
    status === 'OK' && (attributes.mode & 0o170000) === 0o040000,
    `GETATTR works after ${after}`,
  );
}
