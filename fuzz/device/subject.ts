// SPDX-License-Identifier: Apache-2.0

/** The daemon under test, as it is: with its sandbox and its filters, for many seeds. */

import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Finding } from '../finding.js';
import { DaemonProcess, Workplace } from '../../test/device/daemon.js';
import { FrontEnd } from '../../test/device/front-end.js';
import { setHostXattr } from '../../test/device/host-xattrs.js';
import { openFiles, processTree, threadsOf } from '../../test/device/process-tree.js';
import { Ask } from '../../test/device/vhost-user-message.js';
import type { Stage } from './episode.js';
import type { Abilities } from './play.js';

/** How daemons are started, in turn. Those that need root are left out for others. */
const variants: readonly { readonly options: readonly string[]; readonly needsRoot?: boolean }[] = [
  { options: ['--xattr', '--posix-lock', '--flock'] },
  { options: [] },
  { options: ['--cache=always', '--writeback', '--xattr', '--thread-pool-size=0'] },
  {
    options: ['--xattrmap=:map::user.virtiofs.:', '--posix-lock', '--inode-file-handles=prefer'],
    needsRoot: true,
  },
  { options: ['--cache=never', '--allow-mmap', '--num-request-queues=2', '--poll-limit=0'] },
  {
    options: [
      '--translate-uid=map:0:100000:65536',
      '--translate-gid=map:0:100000:65536',
      '--posix-acl',
    ],
    needsRoot: true,
  },
  {
    options: ['--sandbox=chroot', '--flock', '--negative-timeout=5', '--allow-direct-io'],
    needsRoot: true,
  },
  {
    options: ['--inode-file-handles=prefer', '--rlimit-nofile=274', '--xattr', '--cache=metadata'],
    needsRoot: true,
  },
  { options: ['--security-label', '--no-readdirplus', '--poll-limit=1000', '--no-killpriv-v2'] },
  { options: ['--security-model=mapped-xattr', '--posix-acl'] },
  { options: ['--security-model=mapped-file', '--xattr', '--cache=always', '--flock'] },
  { options: ['--security-model=none', '--thread-pool-size=0'] },
];

/** How long what a session held may take to go. */
const settlingMs = 5000;
/** What a daemon may come to need beyond what it had after its first session, in KiB. */
const memoryLimit = 96 * 1024;

function isOn(options: readonly string[], names: readonly string[]): boolean {
  return options.some((option) => names.some((name) => option.startsWith(name)));
}

export class Subject implements Stage {
  readonly abilities: Abilities;
  readonly requestQueues = 2;
  readonly #daemon: DaemonProcess;
  readonly #worker: number;
  readonly #descriptors: number;
  readonly #memory: number;

  private constructor(daemon: DaemonProcess, options: readonly string[], worker: number) {
    this.#daemon = daemon;
    this.#worker = worker;
    this.#descriptors = openFiles(worker).size;
    this.#memory = this.#residentKiB();
    const isMapped = isOn(options, ['--security-model=mapped']);
    this.abilities = {
      xattr: isOn(options, ['--xattr', '--posix-acl', '--security-label']) && this.#hasXattrs(),
      locks: isOn(options, ['--posix-lock']),
      flocks: isOn(options, ['--flock']),
      owners: isMapped || process.getuid?.() === 0,
      isMapped,
      fewDescriptors: isOn(options, ['--rlimit-nofile']),
    };
  }

  /** Starts the daemon that this number stands for. */
  static async start(number: number): Promise<Subject> {
    const isRoot = process.getuid?.() === 0;
    const usable = variants.filter(({ needsRoot = false }) => isRoot || !needsRoot);
    const options = usable[number % usable.length]?.options ?? [];
    const daemon = new DaemonProcess(new Workplace(), { options });
    await daemon.ready();
    // What is made with the first session and stays is no leak.
    const frontEnd = new FrontEnd(await daemon.connect());
    frontEnd.query(Ask.GET_FEATURES);
    frontEnd.close();
    for (const end = Date.now() + settlingMs; !daemon.output.includes('waiting for another');) {
      if (daemon.hasExited || Date.now() > end) {
        throw new Finding(`the daemon does not wait for another front-end:\n${daemon.output}`);
      }
      await sleep(5);
    }
    return new Subject(daemon, options, processTree(daemon.pid).at(-1) ?? daemon.pid);
  }

  get share(): string {
    return this.#daemon.workplace.share;
  }

  connect(): Promise<number> {
    return this.#daemon.connect();
  }

  /** Nothing is in the share that an earlier seed has left. */
  clearShare(): void {
    for (const name of readdirSync(this.share)) {
      rmSync(join(this.share, name), { recursive: true, force: true });
    }
    chmodSync(this.share, 0o755);
  }

  /** After a seed, with every connection closed: the daemon is there, and holds nothing that it did not hold before. */
  async checkSettled(): Promise<void> {
    const end = Date.now() + settlingMs;
    for (;;) {
      if (this.#daemon.hasExited) throw new Finding('the daemon has ended');
      const open = openFiles(this.#worker);
      if (open.size === this.#descriptors) break;
      if (Date.now() > end) {
        const list = [...open].map(([fd, path]) => `${fd} ${path}`).join('\n');
        throw new Finding(`${open.size} descriptors instead of ${this.#descriptors}:\n${list}`);
      }
      await sleep(1);
    }
    const grown = this.#residentKiB() - this.#memory;
    if (grown > memoryLimit) throw new Finding(`the daemon has grown by ${grown} KiB`);
  }

  /** The end of what the daemon has said, but for what it says of every connection. */
  get log(): string {
    const lines = this.#daemon.output.split('\n');
    return lines
      .filter((line) => !/front-end has (connected|gone)/.test(line))
      .slice(-60)
      .join('\n');
  }

  /** What the worker's threads are at: which of them a daemon that does not answer waits for. */
  get threads(): string {
    if (this.#daemon.hasExited) return 'none, it has ended';
    return threadsOf([this.#worker])
      .map(({ pid, tid, fields }) => {
        const place = readFileSync(`/proc/${pid}/task/${tid}/wchan`, 'utf8');
        return `${fields.get('Name') ?? tid}: ${fields.get('State') ?? 'gone'} in ${place}`;
      })
      .join('\n');
  }

  /** Ends the daemon, which has to end as it was told. */
  async stop(): Promise<void> {
    const hasDied = this.#daemon.hasExited;
    const exit = await this.#daemon.stop();
    const log = this.log;
    this.#daemon.workplace.remove();
    if (hasDied || exit.code !== 0) {
      throw new Finding(`the daemon ended with ${JSON.stringify(exit)}:\n${log}`);
    }
  }

  #residentKiB(): number {
    const status = readFileSync(`/proc/${this.#worker}/status`, 'utf8');
    return Number(/^RssAnon:\s*([0-9]+)/m.exec(status)?.[1] ?? 0);
  }

  /** Whether the share's file system has extended attributes. */
  #hasXattrs(): boolean {
    const path = join(this.share, 'probe');
    writeFileSync(path, '');
    try {
      setHostXattr(path, 'user.probe', '1');
      return true;
    } catch {
      return false;
    } finally {
      rmSync(path);
    }
  }
}
