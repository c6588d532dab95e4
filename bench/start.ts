// SPDX-License-Identifier: Apache-2.0

/** How long a start takes until the socket listens and until front-ends are served, and the memory of an idle share. */

import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { DaemonProcess, Workplace } from '../test/device/daemon.js';
import { memoryInUse } from '../test/device/memory-in-use.js';
import { native } from '../test/device/native.js';
import { processTree } from '../test/device/process-tree.js';
import { conditions, describe } from './conditions.js';
import { listOf, peerContenders, peerNames, vfsdContenders, type Contender } from './peers.js';
import { figure, markdown, median } from './table.js';

const usage = `Usage: npm run bench -- start [OPTION]...

  --rounds=N       how often each is started (20)
  --settle=MS      how long a daemon is left alone before its memory is looked at (12000)
  --peers=LIST     which peers (${peerNames.join(',')})
  --variants=LIST  which of vfsd (vfsd)
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    settle: { type: 'string', default: '12000' },
    peers: { type: 'string', default: peerNames.join(',') },
    variants: { type: 'string', default: 'vfsd' },
    help: { type: 'boolean', default: false },
  },
});

const MiB = 1 << 20;
const patienceMs = 10_000;

if (options.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  const contenders = [
    ...vfsdContenders(listOf(options.variants)),
    ...peerContenders(listOf(options.peers)),
  ];
  const listening = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const contender of contenders) {
      listening.get(contender.name)?.push(await startOnce(contender));
    }
  }
  const body: string[][] = [];
  for (const contender of contenders) {
    const times = listening.get(contender.name) ?? [];
    const idle = await idleMemory(contender);
    body.push([
      contender.name,
      figure(Math.min(...times)),
      figure(median(times)),
      figure(idle / MiB),
    ]);
  }
  process.stdout.write(`${describe(conditions(tmpdir(), contenders))}\n\n`);
  const head = ['daemon', 'ms until it listens: least', 'median', 'idle PSS, MiB'];
  process.stdout.write(`${markdown(head, body)}\n`);
}

function startProcess({ command }: Contender): DaemonProcess {
  const workplace = new Workplace();
  const { share, socket } = workplace;
  return new DaemonProcess(workplace, { command: command({ share, socket }) });
}

/** Milliseconds from the command until a front-end can connect. */
async function startOnce(contender: Contender): Promise<number> {
  const begin = performance.now();
  const daemon = startProcess(contender);
  try {
    const end = begin + patienceMs;
    for (let fd = -1; fd < 0; fd = native.connect(daemon.workplace.socket)) {
      if (daemon.hasExited || performance.now() > end) {
        throw new Error(`${contender.name} does not listen:\n${daemon.output}`);
      }
      await sleep(0.5);
    }
    return performance.now() - begin;
  } finally {
    await daemon.dispose();
  }
}

/** Of all its processes, in bytes, some time after the start, with nobody connected. */
async function idleMemory(contender: Contender): Promise<number> {
  const daemon = startProcess(contender);
  try {
    await sleep(Number(options.settle));
    return memoryInUse(processTree(daemon.pid));
  } finally {
    await daemon.dispose();
  }
}
