// SPDX-License-Identifier: Apache-2.0
//
// Shares beside a local file system in one guest: a program must not be able to tell them apart.

import type { Test } from 'tap';

import { Guest } from './boot.js';
import { makeScratchDirectory, removeScratchDirectory } from './child.js';
import { Daemon, type DaemonOptions } from './daemon.js';
import type { Release } from './host.js';
import { makeDisk, mountDisk } from './local-disk.js';

interface Difference {
  /** For grep. */
  readonly lines: string;
  readonly reason: string;
  /** Only with the kernel of the host's release, which is older. */
  readonly onlyOlder?: boolean;
}

/** Where a share may differ. */
const allowedDifferences: readonly Difference[] = [
  {
    lines: 'setxattr trusted = ',
    reason: 'trusted attributes need a capability on the host that the daemon has given up',
  },
  {
    lines: ': chown neither = ',
    reason: "the guest's kernel asks nothing of the share when neither owner nor group change",
  },
  {
    lines: '^[-+]2777/.* member: open create 6777 = ',
    reason: "the guest's kernel does not say yet of which groups the creator is a member",
    onlyOlder: true,
  },
];

const local = '/local';
const mostLines = 60;

export interface LikeLocalOptions {
  readonly release?: Release;
  /** The tag of the share that all outcomes are held against, and not only those of modes. */
  readonly inFull: string;
  /** Ways to start the daemon, by the tags of their shares. */
  readonly shares: Readonly<Record<string, DaemonOptions>>;
}

export async function expectLikeLocal(t: Test, options: LikeLocalOptions): Promise<void> {
  const scratch = await makeScratchDirectory('disk');
  const daemons = new Map<string, Daemon>();
  try {
    for (const [tag, share] of Object.entries(options.shares)) {
      daemons.set(tag, await Daemon.start(share));
    }
    const [first, ...others] = [...daemons.entries()];
    if (first === undefined) throw new Error('no share to hold against the disk');
    const guest = await Guest.boot({
      socket: first[1].socket,
      shares: Object.fromEntries(others.map(([tag, daemon]) => [tag, daemon.socket])),
      disk: await makeDisk(scratch),
      ...(options.release === undefined ? {} : { release: options.release }),
    });
    try {
      await mountDisk(guest, local);
      await guest.run(`mkdir /shares && cd /shares && mkdir ${[...daemons.keys()].join(' ')}`);
      await guest.run(`mount --move /mnt /shares/${first[0]}`);
      for (const [tag] of others) await guest.run(`mount -t virtiofs ${tag} /shares/${tag}`);
      await expectSameChecks(t, guest);
      await expectSameOutcomes(t, guest, options);
    } finally {
      await guest.end();
    }
  } finally {
    for (const [tag, daemon] of daemons) t.ok(await daemon.stop(), `the daemon of ${tag} ends`);
    await removeScratchDirectory(scratch);
  }
}

/** What is expected of a share in all other tests is what the disk does. */
async function expectSameChecks(t: Test, guest: Guest): Promise<void> {
  const { output } = await guest.run(`/guest/guest-checks run --share=${local}`);
  const lines = output.split('\n');
  t.ok(lines.filter((line) => line.startsWith('ok ')).length > 100, 'the checks ran on the disk');
  const failed = lines.flatMap((line, index) =>
    line.startsWith('not ok ') ? [line, lines[index + 1]] : [],
  );
  t.same(failed, [], 'every check passes on the disk, too');
}

async function expectSameOutcomes(
  t: Test,
  guest: Guest,
  { inFull, shares, release }: LikeLocalOptions,
): Promise<void> {
  const program = '/guest/guest-checks';
  const wanted = await guest.run(
    `${program} outcomes ${local} >/tmp/outcomes && ` +
      `${program} outcomes-of-modes ${local} >/tmp/outcomes-of-modes && wc -l </tmp/outcomes`,
  );
  t.ok(Number(wanted.output) > 10_000, 'the disk has outcomes', wanted);
  const allowed = allowedDifferences
    .filter(({ onlyOlder }) => onlyOlder !== true || release === undefined)
    .map(({ lines }) => `-e '${lines}'`)
    .join(' ');
  for (const tag of Object.keys(shares)) {
    const which = tag === inFull ? 'outcomes' : 'outcomes-of-modes';
    const { output } = await guest.run(
      `${program} ${which} /shares/${tag} >/tmp/found; diff -U0 /tmp/${which} /tmp/found | ` +
        `grep '^[-+][^-+]' | grep -v ${allowed} | head -n ${mostLines}`,
    );
    const lines = output.split('\n').filter((line) => line !== '');
    t.same(lines, [], `the share ${tag} has the outcomes of the disk`);
  }
}
