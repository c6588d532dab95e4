// SPDX-License-Identifier: Apache-2.0

/**
 * Programs in a real guest on the share: wall time, which is mostly the guest's where its processor is emulated, and the
 * daemon's CPU.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DaemonProcess, Workplace } from '../test/device/daemon.js';
import { projectRoot } from '../test/device/native.js';
import { processTree } from '../test/device/process-tree.js';
import { Guest } from '../test/guest/boot.js';
import { guestHardware } from '../test/guest/host.js';
import { threadsOf, usageOf } from './accounting.js';
import { conditions, describe } from './conditions.js';
import { listOf, peerContenders, peerNames, vfsdContenders, type Contender } from './peers.js';
import { figure, markdown, median } from './table.js';

const usage = `Usage: npm run bench -- guest [OPTION]...

  --rounds=N       how often each daemon has its turn, with a fresh guest (3)
  --peers=LIST     which peers (${peerNames.join(',')})
  --variants=LIST  which of vfsd (vfsd)
  --dir=DIR        where the shares are made (/dev/shm)
  --json           the result as JSON
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    peers: { type: 'string', default: peerNames.join(',') },
    variants: { type: 'string', default: 'vfsd' },
    dir: { type: 'string', default: '/dev/shm' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface Program {
  readonly name: string;
  /** Unmeasured. */
  readonly before: string;
  readonly command: string;
}

/** 4 KiB at random places, by a program whose loop is its own. */
function fio(direction: 'randread' | 'randwrite'): string {
  return (
    `fio --name=bench --filename=/mnt/data --rw=${direction} --bs=4k --size=128m --io_size=16m ` +
    `--ioengine=psync --thread --numjobs=4 --direct=1 --group_reporting --minimal > /dev/null`
  );
}

interface Sample {
  readonly contender: string;
  readonly program: string;
  readonly wallMs: number;
  readonly cpuMs: number;
}

const MiB = 1 << 20;
const dropCaches = 'echo 3 > /proc/sys/vm/drop_caches';
const sourceFolders = ['scripts', 'src', 'native', 'test', 'docs', 'bench'];

const programs: readonly Program[] = [
  {
    name: 'tar, unpack',
    before: 'mkdir /mnt/unpacked',
    command: '/usr/bin/tar -C /mnt/unpacked -xpf /tmp/source.tar && sync',
  },
  {
    name: 'tar, pack, nothing cached',
    before: dropCaches,
    command: '/usr/bin/tar -C /mnt/repository -cf - . | cat > /dev/null',
  },
  {
    name: 'git status, nothing cached',
    before: dropCaches,
    command: 'cd /mnt/repository && git status --porcelain',
  },
  {
    name: 'git status, again',
    // What the guest was told of names and attributes has expired.
    before: 'cd /mnt/repository && git status --porcelain && sleep 2',
    command: 'cd /mnt/repository && git status --porcelain',
  },
  {
    name: 'read of 128 MiB, nothing cached',
    before: dropCaches,
    command: 'cat /mnt/data > /dev/null',
  },
  {
    name: 'write of 128 MiB',
    before: 'true',
    command: 'dd if=/dev/zero of=/mnt/written bs=1M count=128 conv=fsync 2> /dev/null',
  },
];

/** Only in an image that was made where fio is installed. */
const fioPrograms: readonly Program[] = [
  { name: 'fio, 4 KiB reads, 4 threads', before: dropCaches, command: fio('randread') },
  { name: 'fio, 4 KiB writes, 4 threads', before: 'true', command: fio('randwrite') },
];

if (options.help) process.stdout.write(usage);
else await main();

function furnish(share: string): void {
  const repository = join(share, 'repository');
  mkdirSync(repository);
  for (const folder of sourceFolders.filter((name) => existsSync(join(projectRoot, name)))) {
    cpSync(join(projectRoot, folder), join(repository, folder), { recursive: true });
  }
  const git = (...words: string[]): void => {
    execFileSync('git', ['-C', repository, ...words], {
      stdio: 'pipe',
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_NAME: 'bench',
        GIT_AUTHOR_EMAIL: 'bench@localhost',
        GIT_COMMITTER_NAME: 'bench',
        GIT_COMMITTER_EMAIL: 'bench@localhost',
      },
    });
  };
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=first');
  writeFileSync(join(share, 'data'), Buffer.alloc(128 * MiB, 'd'));
}

async function succeed(guest: Guest, command: string): Promise<void> {
  const { status, output } = await guest.run(command);
  if (status !== 0) throw new Error(`${command}: status ${status}\n${output}`);
}

async function turn(contender: Contender): Promise<Sample[]> {
  const workplace = new Workplace();
  let daemon: DaemonProcess | undefined;
  let guest: Guest | undefined;
  try {
    furnish(workplace.share);
    daemon = new DaemonProcess(workplace, { command: contender.command(workplace) });
    // The socket is there once it can be connected to; QEMU does not wait for it.
    await waitForSocket(daemon);
    guest = await Guest.boot({ socket: workplace.socket });
    await succeed(guest, '/usr/bin/tar -C /mnt/repository -cf /tmp/source.tar .');
    const pids = processTree(daemon.pid);
    const samples: Sample[] = [];
    const { status } = await guest.run('command -v fio');
    if (status !== 0) process.stderr.write('fio is not installed on this machine\n');
    for (const { name, before, command } of status === 0
      ? [...programs, ...fioPrograms]
      : programs) {
      await succeed(guest, before);
      const start = { usage: usageOf(threadsOf(pids)), time: performance.now() };
      await succeed(guest, command);
      const wallMs = performance.now() - start.time;
      const cpuMs = (usageOf(threadsOf(pids)).cpuNs - start.usage.cpuNs) / 1e6;
      samples.push({ contender: contender.name, program: name, wallMs, cpuMs });
    }
    return samples;
  } finally {
    await guest?.end();
    if (daemon === undefined) workplace.remove();
    else await daemon.dispose();
  }
}

const startLimitMs = 10_000;

async function waitForSocket(daemon: DaemonProcess): Promise<void> {
  const end = Date.now() + startLimitMs;
  while (!existsSync(daemon.workplace.socket)) {
    if (daemon.hasExited || Date.now() > end) {
      throw new Error(`the daemon does not listen:\n${daemon.output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function main(): Promise<void> {
  process.env['TMPDIR'] = options.dir;
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(listOf(options.peers)),
  ];
  const samples: Sample[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      process.stderr.write(
        `round ${round + 1} of ${options.rounds}: a guest on ${contender.name}\n`,
      );
      samples.push(...(await turn(contender)));
    }
  }
  const acceleration = guestHardware().includes('kvm') ? 'KVM' : 'TCG';
  const found = conditions(options.dir, contenders);
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ conditions: found, acceleration, samples }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(
    `${describe(found)}\n\nA guest under ${acceleration}; median of ${options.rounds} rounds.\n\n` +
      `${table(samples)}\n`,
  );
}

function table(samples: readonly Sample[]): string {
  const names = [...new Set(samples.map(({ contender }) => contender))];
  const cell = (program: string, value: (sample: Sample) => number): string =>
    names
      .map((name) => {
        const own = samples.filter((s) => s.contender === name && s.program === program);
        return figure(median(own.map(value)));
      })
      .join(' / ');
  const order = names.join(' / ');
  const measured = new Set(samples.map(({ program }) => program));
  const body = [...measured].map((name) => [
    name,
    cell(name, ({ wallMs }) => wallMs),
    cell(name, ({ cpuMs }) => cpuMs),
  ]);
  return markdown(['program', `wall time, ms: ${order}`, `daemon CPU, ms: ${order}`], body);
}
