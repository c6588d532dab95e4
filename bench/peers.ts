// SPDX-License-Identifier: Apache-2.0

/** The daemons that are compared, each with the options that make it do the same work. */

import { existsSync } from 'node:fs';
import { vfsdCommand } from '../test/device/daemon.js';

/** What a daemon serves, and where. */
export interface Place {
  readonly share: string;
  readonly socket: string;
}

export interface Contender {
  readonly name: string;
  readonly command: (place: Place) => readonly string[];
  /** The command that prints its version. */
  readonly version: readonly string[];
}

interface PeerKind {
  readonly name: string;
  /** Where distributions put it, first the one to prefer. */
  readonly places: readonly string[];
  readonly options: (place: Place, pool: number) => readonly string[];
}

/** A directory with `virtiofsd-c` and `virtiofsd-rust`, for peers that are not installed. */
const unpacked = process.env['VFSD_PEERS'] ?? '.';

const peerKinds: readonly PeerKind[] = [
  {
    name: 'c',
    places: [`${unpacked}/virtiofsd-c`, '/usr/lib/qemu/virtiofsd'],
    options: ({ share, socket }, pool) => [
      '-o',
      `source=${share}`,
      '-o',
      'cache=auto',
      `--socket-path=${socket}`,
      '-o',
      'xattr',
      `--thread-pool-size=${pool}`,
    ],
  },
  {
    name: 'rust',
    places: [`${unpacked}/virtiofsd-rust`, '/usr/libexec/virtiofsd'],
    options: ({ share, socket }, pool) => [
      '--shared-dir',
      share,
      '--socket-path',
      socket,
      '--cache',
      'auto',
      '--inode-file-handles=never',
      '--xattr',
      '--thread-pool-size',
      String(pool),
    ],
  },
];

/** vfsd as anybody starts it, and what else may be wanted of it. */
const variants: Readonly<Record<string, readonly string[]>> = {
  vfsd: [],
  // The daemon never polls.
  'vfsd-sleep': ['--poll-limit=0'],
  'vfsd-mapped-xattr': ['--security-model=mapped-xattr'],
  'vfsd-mapped-file': ['--security-model=mapped-file'],
};

function variant(name: string, extra: readonly string[]): Contender {
  return {
    name,
    version: [vfsdCommand, '--version'],
    command: ({ share, socket }) => [
      vfsdCommand,
      `--shared-dir=${share}`,
      `--socket-path=${socket}`,
      '--cache=auto',
      '--xattr',
      '--log-level=warn',
      ...extra,
    ],
  };
}

export const variantNames: readonly string[] = Object.keys(variants);
export const peerNames: readonly string[] = peerKinds.map(({ name }) => name);

/** Those variants of vfsd. */
export function vfsdContenders(wanted: readonly string[]): Contender[] {
  return wanted.map((name) => {
    const extra = variants[name];
    if (extra === undefined) throw new Error(`there is no variant "${name}"`);
    return variant(name, extra);
  });
}

/**
 * Those of the wanted peers that are installed. Says which are not.
 *
 * @param pool without threads of its own each takes its requests in the thread that found them, which is the fastest
 * that both have
 */
export function peerContenders(wanted: readonly string[], pool = 0): Contender[] {
  const unknown = wanted.filter((name) => !peerNames.includes(name));
  if (unknown.length > 0) throw new Error(`unknown peers: ${unknown.join(', ')}`);
  return peerKinds
    .filter(({ name }) => wanted.includes(name))
    .flatMap(({ name, places, options }): Contender[] => {
      const program = places.find((place) => existsSync(place));
      if (program === undefined) {
        process.stderr.write(`the peer "${name}" is not installed (${places.join(', ')})\n`);
        return [];
      }
      return [
        {
          name: pool === 0 ? name : `${name}, pool ${pool}`,
          version: [program, '--version'],
          command: (place) => [program, ...options(place, pool)],
        },
      ];
    });
}

/** A list on the command line. */
export function listOf(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}
