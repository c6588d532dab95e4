// SPDX-License-Identifier: Apache-2.0

/** What a row of the table is: a kind of operation with the files it needs and the session state it begins from. */

import type { Guest } from '../test/device/guest.js';
import {
  native,
  type PageLayout,
  type WorkloadKind,
  type WorkloadParameters,
  type WorkloadResult,
} from '../test/device/native.js';
import { workloadBase, type MachineLike } from './machine-like.js';
import type { DirectKind } from './native.js';

export interface Scene {
  readonly machine: MachineLike;
  readonly guest: Guest;
  /** '' over the null file system. */
  readonly share: string;
}

export type Parameters = Omit<WorkloadParameters, 'kind'>;

export interface BenchWorkload {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly depths: readonly number[];
  /** Belongs to what runs without --all. */
  readonly selected: boolean;
  /** Parts of the share that are made only when they are needed. */
  readonly wants?: readonly ('data' | 'large' | 'tracked')[];
  readonly pages?: PageLayout;
  /** So many are counted for one operation of the front-end: the names of a listing. */
  readonly unit?: number;
  /** On the queue of FORGETs. */
  readonly highPriority?: boolean;
  /** The same as system calls. */
  readonly direct?: DirectKind;
  readonly directBlock?: number;
  /** The null file system can answer it. */
  readonly overNull?: boolean;
  readonly prepare: (scene: Scene) => Parameters;
  /** One that uses up what was prepared: it is prepared again for every so many operations, and cleaned up behind. */
  readonly batch?: {
    readonly operations: number;
    readonly after: (scene: Scene, result: WorkloadResult, parameters: Parameters) => void;
  };
}

export interface RunOptions {
  readonly depth: number;
  readonly durationMs: number;
  readonly spinNs?: number;
  readonly maxOperations?: number;
  readonly pages?: PageLayout;
  readonly neighbour?: WorkloadParameters;
}

/** Runs a kind on a request queue. Throws at the first wrong answer. */
export function runKind(
  scene: Scene,
  kind: WorkloadKind,
  parameters: Parameters,
  options: RunOptions & { readonly highPriority?: boolean },
): WorkloadResult {
  const { highPriority = false, pages, neighbour, maxOperations, spinNs = 0 } = options;
  const result = native.runWorkload({
    memory: scene.machine.memory,
    base: workloadBase,
    ring: scene.machine.queue(highPriority ? 0 : 1).ring,
    hiprio: scene.machine.queue(0).ring,
    depth: options.depth,
    durationMs: options.durationMs,
    spinNs,
    kind,
    ...parameters,
    ...(pages !== undefined && { pages }),
    ...(neighbour !== undefined && { neighbour }),
    ...(maxOperations !== undefined && { maxOperations }),
  });
  if (result.failure !== null) {
    throw new Error(`${kind}, depth ${options.depth}: ${result.failure}`);
  }
  return result;
}

const hour = 3_600_000;

/** Forgets nodes that were looked up once each, and waits until the buffers are back. */
export function forgetAll(scene: Scene, nodes: readonly bigint[]): void {
  if (nodes.length === 0) return;
  runKind(scene, 'forget', { nodes }, { depth: 16, durationMs: hour, highPriority: true });
}
