// SPDX-License-Identifier: Apache-2.0

/** virtfs-proxy-helper under test, as a process. */

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { getgid, getuid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { DaemonProcess, Workplace, vfsdCommand } from '../device/daemon.js';
import { native } from '../device/native.js';
import { processTree } from '../device/process-tree.js';
import { Client } from './client.js';

export const command = vfsdCommand.replace(/vfsd$/, 'virtfs-proxy-helper');
export const isRoot = getuid?.() === 0;
/** Who starts it in a test of what an ordinary user has. */
export const ordinaryUser = 65534;
export const asOrdinaryUser: readonly string[] = isRoot
  ? ['setpriv', `--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, '--clear-groups']
  : [];

const startLimitMs = 10_000;

/** The command with these arguments, up to its end. */
export function runHelper(args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('env', ['--unset=NODE_OPTIONS', command, ...args], {
    encoding: 'utf8',
    timeout: startLimitMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** `--uid` and `--gid` of these users. */
export function owner(uid = getuid?.() ?? 0, gid = getgid?.() ?? 0): readonly string[] {
  return [`--uid=${uid}`, `--gid=${gid}`];
}

export interface HelperOptions {
  readonly workplace?: Workplace;
  readonly wrapper?: readonly string[];
  /** In the place of --socket and the owner. */
  readonly options?: readonly string[];
  readonly fds?: readonly number[];
  readonly furnish?: (share: string) => void;
}

/** In the foreground, and ended with the test. */
export function startHelper(t: Test, start: HelperOptions = {}): DaemonProcess {
  const workplace = start.workplace ?? new Workplace();
  start.furnish?.(workplace.share);
  const daemon = new DaemonProcess(workplace, {
    ...(start.wrapper === undefined ? {} : { wrapper: start.wrapper }),
    ...(start.fds === undefined ? {} : { fds: start.fds }),
    command: [
      command,
      '--nodaemon',
      `--path=${workplace.share}`,
      ...(start.options ?? [`--socket=${workplace.socket}`, ...owner()]),
    ],
  });
  t.teardown(() => daemon.dispose());
  return daemon;
}

/** Waits until the worker is the helper, and confined: it then has one filter more than before. */
export async function isConfined(daemon: DaemonProcess): Promise<number> {
  return untilConfined(
    () => processTree(daemon.pid)[1],
    () => daemon.output,
  );
}

export async function untilConfined(
  worker: () => number | undefined,
  log: () => string,
): Promise<number> {
  const end = Date.now() + startLimitMs;
  for (;;) {
    const pid = worker();
    if (pid !== undefined && filtersOf(pid) === 2) return pid;
    if (Date.now() > end) throw new Error(`the helper is not confined:\n${log()}`);
    await sleep(10);
  }
}

function filtersOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^Seccomp_filters:\s*([0-9]+)$/m.exec(status)?.[1]);
  } catch {
    return 0; // it has ended
  }
}

/** A client of a helper that listens in its workplace. */
export async function connectTo(daemon: DaemonProcess): Promise<Client> {
  const end = Date.now() + startLimitMs;
  while (!existsSync(daemon.workplace.socket)) {
    if (daemon.hasExited || Date.now() > end) throw new Error(`no socket:\n${daemon.output}`);
    await sleep(10);
  }
  return new Client(await daemon.connect());
}

export { native };
