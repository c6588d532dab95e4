// SPDX-License-Identifier: Apache-2.0
//
// The daemon under test, on a directory and a socket of its own.

import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Child, delay, makeScratchDirectory, removeScratchDirectory } from './child.js';

export type CacheMode = 'auto' | 'always' | 'never';

export const projectRoot = path.resolve(import.meta.dirname, '../..');

/** The host's user for the run as an ordinary user: one that is on every system. */
export const ordinaryUser = 65534;

const defaultCommand =
  '{root}/bin/vfsd --shared-dir {dir} --socket-path {socket} --cache={cache} --xattr';

/** What the daemon needs at run time, for a user who cannot see the checkout. */
const runtimeFiles = ['bin', 'dist', 'build/Release', 'seccomp', 'package.json'];

export interface DaemonOptions {
  readonly cache: CacheMode;
  /** Started by the ordinary user, and not by root. */
  readonly asOrdinaryUser?: boolean;
  /** Shared instead of a directory of its own. */
  readonly directory?: string;
  /** Further options of the command line. */
  readonly options?: readonly string[];
  /** With `asOrdinaryUser`: subordinate ids, from the first on, that this user is granted for the time of the run. */
  readonly grantedIds?: { readonly first: number; readonly count: number };
  /** Directories of the share on which a file system of their own is mounted, which the daemon alone sees. Takes root. */
  readonly submounts?: readonly string[];
}

export class Daemon {
  readonly #child: Child;
  readonly #scratch: string;
  /** The directory that it shares. */
  readonly directory: string;
  readonly socket: string;

  private constructor(child: Child, scratch: string, directory: string, socket: string) {
    this.#child = child;
    this.#scratch = scratch;
    this.directory = directory;
    this.socket = socket;
  }

  static async start(options: DaemonOptions): Promise<Daemon> {
    const scratch = await makeScratchDirectory('guest');
    const directory = options.directory ?? path.join(scratch, 'share');
    const socket = path.join(scratch, 'run', 'vfsd.sock');
    await mkdir(directory, { recursive: true });
    await mkdir(path.dirname(socket));
    const root = options.asOrdinaryUser ? await giveToOrdinaryUser(scratch) : projectRoot;
    const command = [
      ...fillIn({ root, dir: directory, socket, cache: options.cache }),
      ...(options.options ?? []),
    ];
    const wrapper = [
      ...(options.submounts === undefined ? [] : withMounts(directory, options.submounts)),
      ...(options.grantedIds === undefined
        ? []
        : await withGrants(path.join(scratch, 'grants'), options.grantedIds)),
      ...(options.asOrdinaryUser ? asOrdinaryUser() : []),
    ];
    const child = new Child([...wrapper, ...command], {
      env: { ...process.env, HOME: scratch },
    });
    const daemon = new Daemon(child, scratch, directory, socket);
    await daemon.#untilItListens();
    return daemon;
  }

  get log(): string {
    return this.#child.output;
  }

  get hasEnded(): boolean {
    return this.#child.hasEnded;
  }

  /** Says whether it ended when it was asked to, and left no socket. */
  async stop(): Promise<boolean> {
    const ended = await this.#child.end();
    const isTidy = ended && !existsSync(this.socket);
    await removeScratchDirectory(this.#scratch);
    return isTidy;
  }

  /** By the socket's name: a connection in order to find out would be taken for QEMU's. */
  async #untilItListens(): Promise<void> {
    for (let turn = 0; turn < 200 && !this.#child.hasEnded; turn += 1) {
      if (existsSync(this.socket)) return;
      await delay(50);
    }
    const log = this.log;
    await this.stop();
    throw new Error(`the daemon did not make its socket:\n${log}`);
  }
}

function fillIn(values: Readonly<Record<string, string>>): string[] {
  const command = process.env['VFSD_TEST_DAEMON'] ?? defaultCommand;
  return command
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
}

/** In front of the command: a mount namespace with a tmpfs on each of these, which holds a file that says its name. */
function withMounts(directory: string, names: readonly string[]): string[] {
  const script =
    'while [ "$1" != -- ]; do mkdir -p "$1" && mount -t tmpfs none "$1" && ' +
    'basename "$1" >"$1/file" && mkdir "$1/inner" || exit; shift; done; shift; exec "$@"';
  const targets = names.map((name) => path.join(directory, name));
  return [
    'unshare',
    '--mount',
    '--propagation=private',
    'sh',
    '-c',
    script,
    'sh',
    ...targets,
    '--',
  ];
}

/** In front of a command. */
export function asOrdinaryUser(): string[] {
  if (process.getuid?.() !== 0) return [];
  return ['setpriv', `--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, '--clear-groups', '--'];
}

/** The grants are seen in a mount namespace of the daemon's own; the machine's files stay as they are. */
async function withGrants(file: string, ids: { first: number; count: number }): Promise<string[]> {
  await writeFile(file, `${ordinaryUser}:${ids.first}:${ids.count}\n`);
  const script =
    'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', file];
}

/** Returns where that user finds the program: a checkout in root's home is out of reach. */
async function giveToOrdinaryUser(scratch: string): Promise<string> {
  if (process.getuid?.() !== 0) return projectRoot;
  await chmod(scratch, 0o755);
  for (const name of ['share', 'run']) {
    await chown(path.join(scratch, name), ordinaryUser, ordinaryUser);
  }
  if (process.env['VFSD_TEST_DAEMON'] !== undefined) return projectRoot;
  const copy = path.join(scratch, 'vfsd');
  for (const name of runtimeFiles.filter((name) => existsSync(path.join(projectRoot, name)))) {
    await cp(path.join(projectRoot, name), path.join(copy, name), { recursive: true });
  }
  return copy;
}
