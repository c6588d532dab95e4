// SPDX-License-Identifier: Apache-2.0

/** One daemon's turn: started afresh, taken through all workloads, ended. */

import { threadId } from 'node:worker_threads';
import { DaemonProcess, Workplace } from '../test/device/daemon.js';
import { Machine } from '../test/device/machine.js';
import { native } from '../test/device/native.js';
import { processTree } from '../test/device/process-tree.js';
import { threadIds, usageOf } from './accounting.js';
import type { Contender } from './peers.js';
import { furnish, type BenchWorkload } from './workloads.js';

const MiB = 1 << 20;

/** Where the two sides run. A wake-up across cores costs more than most requests, so it must not be left to chance. */
export interface Placement {
  readonly name: string;
  readonly frontEnd: readonly number[];
  readonly daemon: readonly number[];
}

export interface Sample {
  readonly contender: string;
  readonly workload: string;
  readonly depth: number;
  readonly placement: string;
  readonly operationsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerOperation: number;
  readonly contextSwitchesPerOperation: number;
  readonly kicksPerRequest: number;
  readonly callsPerRequest: number;
}

export interface MeasureOptions {
  readonly workloads: readonly BenchWorkload[];
  readonly placements: readonly Placement[];
  readonly durationMs: number;
  readonly warmUpMs: number;
  /** How long the front-end looks for an answer before it sleeps. */
  readonly spinNs: number;
}

export async function measure(contender: Contender, options: MeasureOptions): Promise<Sample[]> {
  const workplace = new Workplace();
  furnish(workplace.share);
  const daemon = new DaemonProcess(workplace, { command: contender.command(workplace) });
  try {
    const machine = new Machine(await daemon.connect(), {
      ringSize: 1024,
      regionSizes: [64 * MiB],
    });
    if (machine.guest.init().status !== 'OK') throw new Error('INIT failed');
    const pids = processTree(daemon.pid);
    const samples = options.workloads.flatMap((workload) =>
      workload.depths.flatMap((depth) =>
        options.placements.map((placement) => {
          place(pids, placement);
          return run(contender.name, machine, pids, workload, depth, placement, options);
        }),
      ),
    );
    machine.close();
    return samples;
  } catch (error) {
    const state = daemon.hasExited ? 'has ended' : 'still runs';
    process.stderr.write(`${contender.name} ${state}; it wrote:\n${daemon.output}\n`);
    throw error;
  } finally {
    await daemon.dispose();
  }
}

function place(pids: readonly number[], { frontEnd, daemon }: Placement): void {
  for (const tid of threadIds(pids)) native.setAffinity(tid, daemon);
  // 0 is the calling thread, in which the workload's loop runs.
  if (threadId === 0) native.setAffinity(0, frontEnd);
}

function run(
  contender: string,
  machine: Machine,
  pids: readonly number[],
  workload: BenchWorkload,
  depth: number,
  placement: Placement,
  { durationMs, warmUpMs, spinNs }: MeasureOptions,
): Sample {
  const parameters = workload.prepare(machine.guest);
  const loop = (milliseconds: number) => {
    const result = native.runWorkload({
      memory: machine.memory,
      base: 4 * MiB,
      ring: machine.queue(1).ring,
      hiprio: machine.queue(0).ring,
      depth,
      durationMs: milliseconds,
      spinNs,
      kind: workload.kind,
      ...parameters,
    });
    if (result.failure !== null) {
      throw new Error(`${contender}, ${workload.name}, depth ${depth}: ${result.failure}`);
    }
    return result;
  };
  loop(warmUpMs);
  const before = usageOf(pids);
  const result = loop(durationMs);
  const after = usageOf(pids);
  return {
    contender,
    workload: workload.name,
    depth,
    placement: placement.name,
    operationsPerSecond: result.operations / (result.elapsedNs / 1e9),
    p50Us: result.p50Ns / 1000,
    p99Us: result.p99Ns / 1000,
    cpuUsPerOperation: (after.cpuNs - before.cpuNs) / 1000 / result.operations,
    contextSwitchesPerOperation:
      (after.contextSwitches - before.contextSwitches) / result.operations,
    kicksPerRequest: result.kicks / result.requests,
    callsPerRequest: result.calls / result.requests,
  };
}
