// SPDX-License-Identifier: Apache-2.0
//
// virtfs-proxy-helper under test, on a directory of its own.

import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { Child, delay, makeScratchDirectory, removeScratchDirectory } from './child.js';
import { ordinaryUser, projectRoot } from './daemon.js';

const program = path.join(projectRoot, 'bin/virtfs-proxy-helper');

/**
 * Starts the command behind "--" with one end of a socket pair as descriptor 9, and in the background, with the other
 * end as descriptor 10, the one before it.
 */
const withPair =
  'import os, socket, sys\n' +
  'split = sys.argv.index("--")\n' +
  'ends = [end.detach() for end in socket.socketpair()]\n' +
  'helper = os.fork() == 0\n' +
  'target = 10 if helper else 9\n' +
  'os.dup2(os.dup(ends[helper]), target)\n' +
  'command = sys.argv[1:split] if helper else sys.argv[split + 1:]\n' +
  'os.execvp(command[0], command)\n';

export class ProxyHelper {
  readonly #child: Child;
  readonly #scratch: string;
  /** What it exports. */
  readonly directory: string;
  readonly socket: string;

  private constructor(child: Child, scratch: string, directory: string, socket: string) {
    this.#child = child;
    this.#scratch = scratch;
    this.directory = directory;
    this.socket = socket;
  }

  /** Its socket is the ordinary user's. */
  static async start(): Promise<ProxyHelper> {
    const scratch = await makeScratchDirectory('proxy');
    const directory = path.join(scratch, 'export');
    const socket = path.join(scratch, 'socket');
    await mkdir(directory);
    await chmod(scratch, 0o755);
    const owner = [`--uid=${ordinaryUser}`, `--gid=${ordinaryUser}`];
    const child = new Child([
      ...[program, '--nodaemon', `--path=${directory}`, `--socket=${socket}`],
      ...owner,
    ]);
    const helper = new ProxyHelper(child, scratch, directory, socket);
    for (let turn = 0; turn < 200 && !child.hasEnded && !existsSync(socket); turn += 1) {
      await delay(50);
    }
    return helper;
  }

  get log(): string {
    return this.#child.output;
  }

  /** Its exit status, once its client has gone, or null when it does not end then. */
  async end(): Promise<number | null> {
    const ended = await this.#child.endsWithin(10_000);
    if (!ended) await this.#child.end();
    await removeScratchDirectory(this.#scratch);
    return ended ? this.#child.status : null;
  }
}

/** In front of QEMU's command: it has the helper of that directory as descriptor 9. */
export function withHelperAsDescriptor(directory: string): readonly string[] {
  return [
    ...['python3', '-c', withPair],
    ...[program, '--nodaemon', `--path=${directory}`, '--fd=10'],
    '--',
  ];
}
