// SPDX-License-Identifier: Apache-2.0

/** Requests that move data. */

import { root } from '../test/device/guest.js';
import { dataSize } from './furniture.js';
import type { BenchWorkload, Parameters, Scene } from './workload.js';

const KiB = 1 << 10;
const MiB = 1 << 20;
const O_RDWR = 2;

type Direction = 'read' | 'write';
const directions: readonly Direction[] = ['read', 'write'];

export function openData({ guest }: Scene, block: number): Parameters {
  const { node } = guest.lookup(root, 'data');
  return { node, handle: guest.open(node, O_RDWR).handle, size: dataSize, block };
}

function row(
  direction: Direction,
  order: 'random' | 'sequential',
  block: number,
  more: Partial<BenchWorkload>,
): BenchWorkload {
  const kind = `${direction}-${order}` as const;
  const size = block < MiB ? `${block / KiB} KiB` : `${block / MiB} MiB`;
  return {
    name: `${direction} ${size}, ${order}`,
    kind,
    depths: [1, 16],
    selected: true,
    wants: ['data'],
    direct: kind,
    directBlock: block,
    overNull: true,
    prepare: (scene) => openData(scene, block),
    ...more,
  };
}

export const dataWorkloads: readonly BenchWorkload[] = [
  ...directions.map((direction) => row(direction, 'random', 4 * KiB, { depths: [1, 32] })),
  ...directions.map((direction) => row(direction, 'sequential', 128 * KiB, { selected: false })),
  ...directions.map((direction) => row(direction, 'sequential', MiB, { depths: [1, 16] })),
  ...directions.map((direction) =>
    row(direction, 'sequential', MiB, {
      name: `${direction} 1 MiB, one descriptor`,
      selected: false,
      pages: 'single',
    }),
  ),
  ...directions.map((direction) =>
    row(direction, 'sequential', MiB, {
      name: `${direction} 1 MiB, scattered pages`,
      selected: direction === 'read',
      pages: 'scattered',
    }),
  ),
];
