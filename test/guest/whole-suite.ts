// SPDX-License-Identifier: Apache-2.0
//
// All that is checked with one way to start the daemon: operations, programs, and whether guest and
// host see the same.

import path from 'node:path';

import type { Test } from 'tap';

import { type BootOptions, Guest } from './boot.js';
import { Daemon, type DaemonOptions, ordinaryUser } from './daemon.js';
import { runGuestChecks } from './guest-checks.js';
import { makeHostTree } from './made-by-host.js';
import { type Ownership, differences, hostManifest, sameIds } from './manifest.js';
import { type Workplace, runPrograms } from './programs.js';

export type SuiteOptions = DaemonOptions & Pick<BootOptions, 'queues'>;

/** The user whom the daemon runs as, when that is not root. */
function daemonUser(): number {
  const user = process.getuid?.() ?? 0;
  return user === 0 ? ordinaryUser : user;
}

/** An ordinary user's daemon has one id of the host; the guest sees it as the share's owner. */
async function seenIds(guest: Guest, isUnprivileged: boolean): Promise<Ownership> {
  if (!isUnprivileged) return sameIds;
  const { output } = await guest.run('stat -c %u /mnt');
  return { seenAs: (hostId) => (hostId === daemonUser() ? Number(output) : hostId) };
}

export async function withGuest(
  t: Test,
  options: SuiteOptions & Omit<BootOptions, 'socket'>,
  work: (place: Workplace) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start(options);
  try {
    await makeHostTree(daemon.directory, options.asOrdinaryUser ?? false);
    const guest = await Guest.boot({ ...options, socket: daemon.socket });
    try {
      await work({ guest, daemon, cache: options.cache });
    } catch (error) {
      t.comment(`the daemon's log:\n${daemon.log}`);
      throw error;
    } finally {
      await guest.end();
    }
  } finally {
    t.ok(await daemon.stop(), 'the daemon ends when asked to, and leaves no socket');
  }
}

export async function runWholeSuite(t: Test, options: SuiteOptions): Promise<void> {
  const isUnprivileged = options.asOrdinaryUser === true || process.getuid?.() !== 0;
  await withGuest(t, options, async (place) => {
    const { guest, cache } = place;
    const ids = await seenIds(guest, isUnprivileged);
    if (options.queues !== undefined) await expectQueues(t, guest, options.queues);
    await compare(t, place, 'made-by-host/tree', ids);
    await runGuestChecks(t, guest, { cache, isUnprivileged, directory: 'checks' });
    await compare(t, place, 'checks', ids);
    await runPrograms(t, place);
    await compare(t, place, 'unpacked', ids);
    await compare(t, place, 'clone', ids);
  });
}

/** A queue has an interrupt of its own, named for it. */
async function expectQueues(t: Test, guest: Guest, queues: number): Promise<void> {
  const { output } = await guest.run('cat /proc/interrupts');
  const found = output.split('\n').filter((line) => /virtio\d+-requests\.\d+/.test(line));
  t.equal(found.length, queues, `the guest uses ${queues} request queues`, { output });
}

async function compare(
  t: Test,
  { guest, daemon }: Workplace,
  directory: string,
  ids: Ownership,
): Promise<void> {
  const seen = await guest.run(`/guest/guest-checks manifest '/mnt/${directory}'`);
  t.equal(seen.status, 0, `the guest reads all of ${directory}`);
  const host = await hostManifest(path.join(daemon.directory, directory), ids);
  const found = differences(host, seen.output.split('\n').sort());
  t.same(found, [], `guest and host see the same in ${directory}`);
}
