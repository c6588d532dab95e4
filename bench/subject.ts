// SPDX-License-Identifier: Apache-2.0

/** One daemon that is being measured: its machine, its threads, what they use and where they run. */

import { DaemonProcess, Workplace } from '../test/device/daemon.js';
import { Machine } from '../test/device/machine.js';
import { native } from '../test/device/native.js';
import { processTree } from '../test/device/process-tree.js';
import { threadId, threadsOf, usageOf, type Usage } from './accounting.js';
import { memorySize, NullMachine, ringSize, type MachineLike } from './machine-like.js';
import type { Contender } from './peers.js';

export interface Subject {
  readonly name: string;
  readonly machine: MachineLike;
  /** The host's directory; '' where there is none. */
  readonly share: string;
  /** Its processes, where they are its own. */
  readonly pids: readonly number[];
  usage(): Usage;
  /** Pins its threads. */
  place(cpus: readonly number[]): void;
  end(): Promise<void>;
}

/** What went wrong while a daemon had its turn, with what it wrote. */
export class SubjectError extends Error {}

export interface SubjectOptions {
  readonly furnish: (share: string) => void;
  /** Shared instead of a directory of its own. */
  readonly share?: string;
  /** Added to the command line. */
  readonly arguments?: readonly string[];
  readonly requestQueues?: number;
}

function pin(threads: readonly string[], cpus: readonly number[]): void {
  for (const thread of threads) native.setAffinity(threadId(thread), cpus);
}

class Daemon implements Subject {
  readonly name: string;
  readonly machine: Machine;
  readonly share: string;
  readonly pids: readonly number[];
  readonly #process: DaemonProcess;

  constructor(name: string, process: DaemonProcess, machine: Machine) {
    this.name = name;
    this.machine = machine;
    this.share = process.workplace.share;
    this.pids = processTree(process.pid);
    this.#process = process;
  }

  usage(): Usage {
    return usageOf(threadsOf(this.pids));
  }

  place(cpus: readonly number[]): void {
    pin(threadsOf(this.pids), cpus);
  }

  async end(): Promise<void> {
    this.machine.close();
    await this.#process.dispose();
  }
}

/** Starts a daemon on a share of its own and begins the session. Throws a SubjectError that says why it could not. */
export async function startSubject(
  contender: Contender,
  options: SubjectOptions,
): Promise<Subject> {
  const workplace = new Workplace(options.share);
  let daemon: DaemonProcess | undefined;
  try {
    options.furnish(workplace.share);
    daemon = new DaemonProcess(workplace, {
      command: [...contender.command(workplace), ...(options.arguments ?? [])],
    });
    const machine = new Machine(await daemon.connect(), {
      ringSize,
      regionSizes: [memorySize],
      requestQueues: options.requestQueues ?? 1,
    });
    if (machine.guest.init().status !== 'OK') throw new Error('INIT failed');
    return new Daemon(contender.name, daemon, machine);
  } catch (error) {
    const state = daemon === undefined || daemon.hasExited ? 'has ended' : 'still runs';
    const said = daemon?.output.trim() ?? '';
    if (daemon === undefined) workplace.remove();
    else await daemon.dispose();
    const reason = error instanceof Error ? error.message : String(error);
    throw new SubjectError(`${contender.name} ${state}: ${reason}\n${said}`);
  }
}

/** vfsd's engine over nothing, in this process: its data threads count. */
class NullSubject implements Subject {
  readonly name = 'null';
  readonly machine = new NullMachine();
  readonly share = '';
  readonly pids = [];
  readonly #threads = threadsOf([process.pid], 'vfsd-data-');

  usage(): Usage {
    return usageOf(this.#threads);
  }

  place(cpus: readonly number[]): void {
    pin(this.#threads, cpus);
  }

  end(): Promise<void> {
    this.machine.close();
    return Promise.resolve();
  }
}

export function startNullSubject(): Subject {
  const subject = new NullSubject();
  if (subject.machine.guest.init().status !== 'OK') throw new Error('INIT failed');
  return subject;
}
