// SPDX-License-Identifier: Apache-2.0
//
// Processes that the tests start, and directories that they need. None outlives the test's process,
// however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const running = new Set<ChildProcess>();
const scratchDirectories = new Set<string>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of scratchDirectories) rmSync(directory, { recursive: true, force: true });
});
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(status));
}

export async function makeScratchDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), `vfsd-${name}-`));
  scratchDirectories.add(directory);
  return directory;
}

export async function removeScratchDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  scratchDirectories.delete(directory);
}

/** A child process, and what it has written so far. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor(command: readonly string[], options: { readonly env?: NodeJS.ProcessEnv } = {}) {
    // The kernel ends the child if this process is killed and cannot do it.
    const words = ['--pdeathsig', 'TERM', '--', ...command];
    this.#process = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.#ended = once(this.#process, 'exit').then(() => running.delete(this.#process));
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The exit status, or null after a signal. */
  get status(): number | null {
    return this.#process.exitCode;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Whether it ended in that time. */
  async endsWithin(timeoutMs: number): Promise<boolean> {
    if (this.hasEnded) return true;
    let timer: NodeJS.Timeout | undefined;
    // Not held open: a wait that nobody waits for any more does not keep the process.
    const tooLate = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs).unref()));
    await Promise.race([this.#ended, tooLate]);
    clearTimeout(timer);
    return this.hasEnded;
  }

  /** Asks it to end; kills it when it does not. Says whether asking was enough. */
  async end(timeoutMs = 5_000): Promise<boolean> {
    if (this.hasEnded) return true;
    this.kill('SIGTERM');
    if (await this.endsWithin(timeoutMs)) return true;
    this.kill('SIGKILL');
    await this.#ended;
    return false;
  }
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The result, or an error that says what did not come in time. */
export async function within<T>(
  timeoutMs: number,
  what: string,
  result: Promise<T>,
  detail: () => string = () => '',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${timeoutMs / 1000} s\n${detail()}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([result, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
