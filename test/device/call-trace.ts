// SPDX-License-Identifier: Apache-2.0

/** The system calls of a daemon that serves, thread by thread, as strace(1) sees them. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadBinding } from '../../src/native/binding.js';
import { architectureNumber, nativeArchitecture } from '../../src/seccomp/architecture.js';
import { processTree, threadsOf } from './process-tree.js';
import { readTrace, writeThreads, type TracedCall } from './trace-file.js';

const patienceMs = 10_000;

export class CallTrace {
  readonly #strace: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #file: string;

  private constructor(strace: ChildProcess, file: string) {
    this.#strace = strace;
    this.#ended = once(strace, 'exit');
    this.#file = file;
  }

  /** Follows the launcher and the worker of a daemon that is ready, up to their end. */
  static async attach(daemonPid: number, file: string): Promise<CallTrace> {
    const pids = processTree(daemonPid);
    // Numbers as they are passed, which is how a filter sees them.
    const options = ['-f', '-qq', '-e', 'raw=all', '-e', 'signal=none', '-o', file];
    const strace = spawn('strace', [...options, ...pids.map((pid) => `--attach=${pid}`)], {
      stdio: 'ignore',
    });
    const trace = new CallTrace(strace, file);
    writeThreads(file, pids);
    const end = Date.now() + patienceMs;
    while (threadsOf(pids).some(({ fields }) => fields.get('TracerPid') === '0')) {
      if (strace.exitCode !== null || Date.now() > end) throw new Error('strace does not attach');
      await sleep(5);
    }
    return trace;
  }

  /** What has been called, once the daemon has ended. */
  async calls(): Promise<readonly TracedCall[]> {
    if (this.#strace.exitCode === null) await this.#ended;
    const binding = loadBinding();
    const architecture = architectureNumber(nativeArchitecture(process.arch) ?? 'x86_64');
    return readTrace(this.#file, (number) => binding.nameSystemCall(number, architecture));
  }
}
