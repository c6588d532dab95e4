// SPDX-License-Identifier: Apache-2.0

/** A daemon under test: a process with a socket, started, watched and ended without leaving anything behind. */

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallTrace } from './call-trace.js';
import { native, projectRoot } from './native.js';

/** VFSD_TEST_INSTALLATION names another build of vfsd to test, such as a sanitized one. */
export const vfsdCommand = join(process.env['VFSD_TEST_INSTALLATION'] ?? projectRoot, 'bin/vfsd');

/** A directory of its own for one daemon: the share, the socket, and what it writes. */
export class Workplace {
  readonly path = mkdtempSync(join(tmpdir(), 'vfsd-device-'));
  readonly share: string;
  readonly socket = join(this.path, 'socket');
  readonly log = join(this.path, 'log');

  /** @param share shared instead of a directory of its own */
  constructor(share?: string) {
    this.share = share ?? join(this.path, 'share');
    if (share === undefined) mkdirSync(this.share);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Arguments beside --shared-dir and --socket-path. */
  readonly options?: readonly string[];
  /** The whole command line, for another program than vfsd. */
  readonly command?: readonly string[];
  /** In front of the command, for example to change the user. */
  readonly wrapper?: readonly string[];
  /** Descriptors that the process gets as 3 and up. */
  readonly fds?: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The test runner puts its own loaders into every Node that is started below it. */
const plainNode: readonly string[] = ['env', '--unset=NODE_OPTIONS'];

const startLimitMs = 10_000;

export class DaemonProcess {
  readonly workplace: Workplace;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  #exit: Exit | null = null;

  constructor(workplace: Workplace, start: StartOptions = {}) {
    this.workplace = workplace;
    const [program = '', ...rest] = [
      ...plainNode,
      ...(start.wrapper ?? []),
      ...(start.command ?? [
        vfsdCommand,
        `--shared-dir=${workplace.share}`,
        `--socket-path=${workplace.socket}`,
        ...(start.options ?? []),
      ]),
    ];
    // A file, not a pipe: a test that waits for the daemon without reading must not be able to block it.
    const log = openSync(workplace.log, 'a');
    this.child = spawn(program, rest, {
      stdio: ['ignore', log, log, ...(start.fds ?? [])],
      env: { ...process.env, ...start.environment },
    });
    closeSync(log);
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the daemon was not started');
    return this.child.pid;
  }

  get hasExited(): boolean {
    return this.#exit !== null;
  }

  /** Everything on stdout and stderr so far. */
  get output(): string {
    return readFileSync(this.workplace.log, 'utf8');
  }

  /** Resolves when the worker is confined and says that it waits. Before that, its process may be another one. */
  async ready(): Promise<void> {
    const end = Date.now() + startLimitMs;
    while (!this.output.includes('waiting for a front-end')) {
      if (this.#exit !== null) throw new Error(`the daemon has ended:\n${this.output}`);
      if (Date.now() > end) throw new Error(`the daemon is not ready:\n${this.output}`);
      await sleep(5);
    }
    const traces = process.env['VFSD_CALL_TRACES'];
    if (traces !== undefined) await CallTrace.attach(this.pid, join(traces, `${this.pid}.trace`));
  }

  /** A connection, as soon as the daemon takes one. */
  async connect(): Promise<number> {
    const end = Date.now() + startLimitMs;
    for (;;) {
      const fd = native.connect(this.workplace.socket);
      if (fd >= 0) return fd;
      if (this.#exit !== null) throw new Error(`the daemon has ended:\n${this.output}`);
      if (Date.now() > end) throw new Error(`the daemon does not listen:\n${this.output}`);
      await sleep(5);
    }
  }

  /** SIGTERM, and after a while SIGKILL, which the caller can see in the answer. */
  async stop(patienceMs = 5000): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    this.child.kill('SIGTERM');
    const kill = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(kill);
    }
  }

  /** Ends the daemon and removes its workplace. */
  async dispose(): Promise<Exit> {
    const exit = await this.stop();
    this.workplace.remove();
    return exit;
  }
}
