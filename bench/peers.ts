// SPDX-License-Identifier: Apache-2.0

/** The daemons that are compared, each with the options that make it do the same work. */

import { existsSync } from 'node:fs';
import type { Workplace } from '../test/device/daemon.js';
import { vfsdCommand } from '../test/device/daemon.js';

export interface Contender {
  readonly name: string;
  readonly command: (workplace: Workplace) => readonly string[];
}

interface PeerKind {
  readonly name: string;
  /** Where distributions put it, first the one to prefer. */
  readonly places: readonly string[];
  readonly options: (workplace: Workplace) => readonly string[];
}

/** A directory with `virtiofsd-c` and `virtiofsd-rust`, for peers that are not installed. */
const unpacked = process.env['VFSD_PEERS'] ?? '.';

// No thread pool: each takes its requests in the thread that found them, which is the fastest they have.
const peerKinds: readonly PeerKind[] = [
  {
    name: 'c',
    places: [`${unpacked}/virtiofsd-c`, '/usr/lib/qemu/virtiofsd'],
    options: ({ share, socket }) => [
      '-o',
      `source=${share}`,
      '-o',
      'cache=auto',
      `--socket-path=${socket}`,
      '--thread-pool-size=0',
    ],
  },
  {
    name: 'rust',
    places: [`${unpacked}/virtiofsd-rust`, '/usr/libexec/virtiofsd'],
    options: ({ share, socket }) => [
      '--shared-dir',
      share,
      '--socket-path',
      socket,
      '--cache',
      'auto',
      '--inode-file-handles=never',
      '--thread-pool-size',
      '0',
    ],
  },
];

/** vfsd as anybody starts it. */
const vfsd: Contender = {
  name: 'vfsd',
  command: ({ share, socket }) => [
    vfsdCommand,
    `--shared-dir=${share}`,
    `--socket-path=${socket}`,
    '--cache=auto',
    '--log-level=warn',
  ],
};

/** vfsd and those of the wanted peers that are installed. Says which are not. */
export function contenders(wanted: readonly string[]): Contender[] {
  const unknown = wanted.filter((name) => !peerKinds.some((kind) => kind.name === name));
  if (unknown.length > 0) throw new Error(`unknown peers: ${unknown.join(', ')}`);
  const peers = peerKinds
    .filter(({ name }) => wanted.includes(name))
    .flatMap(({ name, places, options }): Contender[] => {
      const program = places.find((place) => existsSync(place));
      if (program === undefined) {
        process.stderr.write(`the peer "${name}" is not installed (${places.join(', ')})\n`);
        return [];
      }
      return [{ name, command: (workplace) => [program, ...options(workplace)] }];
    });
  return [vfsd, ...peers];
}

export const peerNames: readonly string[] = peerKinds.map(({ name }) => name);
