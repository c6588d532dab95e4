// SPDX-License-Identifier: Apache-2.0

/** What vfsd uses while nobody asks it for anything, before any load and after one. */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from '../test/device/guest.js';
import { listOf, vfsdContenders } from './peers.js';
import { startSubject, type Subject } from './subject.js';
import { figure, markdown } from './table.js';
import { runKind } from './workload.js';

const usage = `Usage: npm run bench -- idle [OPTION]...

  --seconds=N      how long each look takes (5)
  --variants=LIST  which of vfsd (vfsd)
  --help           this text

Fails when an idle daemon has used any CPU at all.
`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    variants: { type: 'string', default: 'vfsd' },
    help: { type: 'boolean', default: false },
  },
});

/** When what is put off after a start has ended: V8 tidies its heap up, once, after about 8 s. */
const startMs = 12_000;
/** When what polls or gathers after a load has ended. */
const loadMs = 1000;

if (options.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  const body: string[][] = [];
  for (const contender of vfsdContenders(listOf(options.variants))) {
    const subject = await startSubject(contender, { furnish: () => undefined });
    try {
      body.push(await look(subject, 'after the start', startMs));
      load(subject);
      body.push(await look(subject, 'after a load', loadMs));
    } finally {
      await subject.end();
    }
  }
  const head = ['daemon', 'when', 'seconds', 'CPU µs', 'context switches'];
  process.stdout.write(`${markdown(head, body)}\n`);
}

function load({ machine, share }: Subject): void {
  const { attributes } = machine.guest.getattr(root);
  runKind(
    { machine, share, guest: machine.guest },
    'getattr',
    { node: root, inode: attributes.ino, size: Number(attributes.size) },
    { depth: 4, durationMs: 1000 },
  );
}

async function look(subject: Subject, when: string, settleMs: number): Promise<string[]> {
  await sleep(settleMs);
  const before = subject.usage();
  await sleep(Number(options.seconds) * 1000);
  const after = subject.usage();
  const cpuUs = (after.cpuNs - before.cpuNs) / 1000;
  if (cpuUs > 0) process.exitCode = 1;
  const switches = after.contextSwitches - before.contextSwitches;
  return [subject.name, when, options.seconds, figure(cpuUs), String(switches)];
}
