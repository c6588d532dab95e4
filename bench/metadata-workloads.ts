// SPDX-License-Identifier: Apache-2.0

/** Inodes and names: the requests without data. */

import { root } from '../test/device/guest.js';
import { counts, ownFiles } from './furniture.js';
import type { BenchWorkload, Parameters, Scene } from './workload.js';

const depths = [1, 16] as const;
const attribute = 'user.bench';
const value = 'v'.repeat(64);

function smallFile({ guest }: Scene): Parameters {
  const { node, attributes } = guest.lookup(root, 'file').entry;
  return { node, inode: attributes.ino, size: Number(attributes.size) };
}

function directory(name: string): (scene: Scene) => Parameters {
  return ({ guest }) => ({ node: guest.lookup(root, name).node });
}

/** A file for each operation under way: the answer to one must not show what another one did. */
function filesOfTheirOwn({ guest }: Scene): Parameters {
  const { node } = guest.lookup(root, 'own');
  const nodes = Array.from({ length: ownFiles }, (_, i) => guest.lookup(node, `own${i}`).node);
  return { node, nodes, name: 'own' };
}

function withAttribute(scene: Scene): Parameters {
  const { node } = scene.guest.lookup(root, 'file');
  if (scene.share !== '') {
    const { status } = scene.guest.setxattr(node, attribute, value);
    if (status !== 'OK') throw new Error(`SETXATTR failed: ${status}`);
  }
  return { node, name: attribute, size: value.length };
}

export const metadataWorkloads: readonly BenchWorkload[] = [
  {
    name: 'getattr',
    kind: 'getattr',
    depths,
    selected: true,
    direct: 'getattr',
    overNull: true,
    prepare: smallFile,
  },
  {
    name: 'statfs',
    kind: 'statfs',
    depths,
    selected: false,
    direct: 'statfs',
    overNull: true,
    prepare: () => ({}),
  },
  {
    name: 'lookup, known',
    kind: 'lookup-known',
    depths,
    selected: true,
    direct: 'lookup-known',
    overNull: true,
    prepare: ({ guest }) => ({ name: 'file', node: guest.lookup(root, 'file').node }),
  },
  {
    name: 'lookup, first, and forget',
    kind: 'lookup-first',
    depths,
    selected: true,
    overNull: true,
    prepare: (scene) => ({ ...directory('many')(scene), size: counts.many }),
  },
  {
    name: 'lookup, missing',
    kind: 'lookup-missing',
    depths,
    selected: true,
    direct: 'lookup-missing',
    overNull: true,
    prepare: () => ({}),
  },
  {
    name: 'setattr, mode',
    kind: 'setattr-mode',
    depths,
    selected: true,
    direct: 'setattr-mode',
    overNull: true,
    prepare: filesOfTheirOwn,
  },
  {
    name: 'setattr, times',
    kind: 'setattr-times',
    depths,
    selected: false,
    direct: 'setattr-times',
    overNull: true,
    prepare: filesOfTheirOwn,
  },
  {
    name: 'open, release',
    kind: 'open',
    depths,
    selected: true,
    direct: 'open',
    overNull: true,
    prepare: smallFile,
  },
  {
    name: 'getxattr',
    kind: 'getxattr',
    depths,
    selected: false,
    direct: 'getxattr',
    overNull: true,
    prepare: withAttribute,
  },
  {
    name: 'getxattr, missing',
    kind: 'getxattr',
    depths,
    selected: true,
    direct: 'getxattr-missing',
    overNull: true,
    prepare: ({ guest }) => ({
      node: guest.lookup(root, 'file').node,
      name: 'security.capability',
      size: 0,
    }),
  },
  {
    name: 'create, write 4 KiB, release, unlink',
    kind: 'create',
    depths,
    selected: true,
    direct: 'create',
    overNull: true,
    prepare: directory('created'),
  },
  {
    name: 'the same by an ordinary user',
    kind: 'create',
    depths,
    selected: false,
    prepare: (scene) => ({ ...directory('created')(scene), caller: 1000 }),
  },
  {
    name: 'mkdir, rmdir',
    kind: 'mkdir',
    depths,
    selected: false,
    direct: 'mkdir',
    overNull: true,
    prepare: directory('created'),
  },
  {
    name: 'symlink, readlink, unlink',
    kind: 'symlink',
    depths,
    selected: false,
    direct: 'symlink',
    prepare: directory('created'),
  },
  {
    name: 'rename, there and back',
    kind: 'rename',
    depths,
    selected: true,
    direct: 'rename',
    overNull: true,
    prepare: filesOfTheirOwn,
  },
];
