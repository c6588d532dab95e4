// SPDX-License-Identifier: Apache-2.0

/**
 * Walks a tree that is far larger than the daemon's limit on descriptors, with READDIRPLUS as `find` does, and reports
 * the rate, the memory for each inode that the guest knows, and the descriptors.
 */

import { mkdirSync, openSync, closeSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DaemonProcess, Workplace } from '../test/device/daemon.js';
import { Machine } from '../test/device/machine.js';
import { native } from '../test/device/native.js';
import { processTree } from '../test/device/process-tree.js';

const usage = `Usage: npm run bench -- walk [OPTION]...

  --directories=N  how many directories (2000)
  --files=N        how many files in each (1000)
  --limit=N        --rlimit-nofile of the daemon (4096)
  --handles=MODE   --inode-file-handles of the daemon (prefer)
  --dir=DIR        where the tree is made (/dev/shm)
  --help           this text
`;

const { values: options } = parseArgs({
  options: {
    directories: { type: 'string', default: '2000' },
    files: { type: 'string', default: '1000' },
    limit: { type: 'string', default: '4096' },
    handles: { type: 'string', default: 'prefer' },
    dir: { type: 'string', default: '/dev/shm' },
    help: { type: 'boolean', default: false },
  },
});

const MiB = 1 << 20;
const directories = Number(options.directories);
const files = Number(options.files);

if (options.help) process.stdout.write(usage);
else await main();

function furnish(share: string): void {
  for (let d = 0; d < directories; d++) {
    mkdirSync(`${share}/d${d}`);
    for (let f = 0; f < files; f++) closeSync(openSync(`${share}/d${d}/file number ${f}`, 'w'));
  }
}

interface Usage {
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** Of the process of the daemon that has most: the worker. */
function usageOf(daemon: DaemonProcess): Usage {
  const all = processTree(daemon.pid).map((pid) => {
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return {
      residentBytes: Number(resident?.[1] ?? 0) * 1024,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  });
  return all.reduce((most, one) => (one.residentBytes > most.residentBytes ? one : most));
}

async function main(): Promise<void> {
  process.env['TMPDIR'] = options.dir;
  const workplace = new Workplace();
  let daemon: DaemonProcess | undefined;
  try {
    furnish(workplace.share);
    daemon = new DaemonProcess(workplace, {
      options: [`--rlimit-nofile=${options.limit}`, `--inode-file-handles=${options.handles}`],
    });
    const machine = new Machine(await daemon.connect(), {
      ringSize: 1024,
      regionSizes: [64 * MiB],
    });
    if (machine.guest.init().status !== 'OK') throw new Error('INIT failed');
    const before = usageOf(daemon);
    for (const round of ['first', 'again']) {
      const result = native.runWorkload({
        memory: machine.memory,
        base: 4 * MiB,
        ring: machine.queue(1).ring,
        hiprio: machine.queue(0).ring,
        depth: 16,
        durationMs: 3_600_000,
        kind: 'walk',
        size: directories,
        block: files,
      });
      if (result.failure !== null) throw new Error(result.failure);
      const after = usageOf(daemon);
      const inodes = result.operations * (files + 1);
      const seconds = result.elapsedNs / 1e9;
      process.stdout.write(
        `${round}: ${inodes} inodes in ${seconds.toFixed(1)} s, ${Math.round(inodes / seconds)} a second; ` +
          `${((after.residentBytes - before.residentBytes) / inodes).toFixed(0)} bytes of memory each, ` +
          `${after.descriptors} descriptors (${before.descriptors} before)\n`,
      );
    }
    machine.close();
  } finally {
    if (daemon === undefined) workplace.remove();
    else await daemon.dispose();
  }
}
