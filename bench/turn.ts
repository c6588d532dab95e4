// SPDX-License-Identifier: Apache-2.0

/** One row of the benchmark on one daemon: for a time, or in batches that are prepared and cleaned up. */

import type { WorkloadResult } from '../test/device/native.js';
import type { Subject } from './subject.js';
import { countSystemCalls } from './system-calls.js';
import { runKind, type BenchWorkload, type Parameters, type Scene } from './workload.js';

/** Figures of one row and one daemon; times in microseconds, everything else as it says. */
export interface Figures {
  readonly operationsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerOperation: number;
  readonly contextSwitchesPerOperation: number;
  readonly kicksPerRequest: number;
  readonly callsPerRequest: number;
  /** NaN: was not counted. */
  readonly systemCallsPerOperation: number;
}

const hour = 3_600_000;
const maxBatches = 50;
const tracedOperations = 500;

interface Total {
  result: WorkloadResult;
  cpuNs: number;
  contextSwitches: number;
}

/** Several results as one: sums, and the mean of the batches' percentiles. */
function add(total: Total | null, part: Total): Total {
  if (total === null) return part;
  const [a, b] = [total.result, part.result];
  const weight = (x: number, y: number): number =>
    (x * a.operations + y * b.operations) / (a.operations + b.operations);
  return {
    result: {
      ...a,
      operations: a.operations + b.operations,
      requests: a.requests + b.requests,
      elapsedNs: a.elapsedNs + b.elapsedNs,
      p50Ns: weight(a.p50Ns, b.p50Ns),
      p99Ns: weight(a.p99Ns, b.p99Ns),
      kicks: a.kicks + b.kicks,
      calls: a.calls + b.calls,
    },
    cpuNs: total.cpuNs + part.cpuNs,
    contextSwitches: total.contextSwitches + part.contextSwitches,
  };
}

export function sceneOf(subject: Subject): Scene {
  return { machine: subject.machine, guest: subject.machine.guest, share: subject.share };
}

export interface LoopOptions {
  readonly depth: number;
  readonly durationMs: number;
  readonly spinNs: number;
  readonly maxOperations?: number;
}

function runOnce(
  subject: Subject,
  workload: BenchWorkload,
  parameters: Parameters,
  options: LoopOptions,
): Total {
  const before = subject.usage();
  const result = runKind(sceneOf(subject), workload.kind, parameters, {
    ...options,
    ...(workload.pages !== undefined && { pages: workload.pages }),
    ...(workload.highPriority !== undefined && { highPriority: workload.highPriority }),
  });
  const after = subject.usage();
  return {
    result,
    cpuNs: after.cpuNs - before.cpuNs,
    contextSwitches: after.contextSwitches - before.contextSwitches,
  };
}

/** Batches until the time is over. What prepares and cleans up is not in it. */
function runBatches(subject: Subject, workload: BenchWorkload, options: LoopOptions): Total {
  const { batch, prepare } = workload;
  const scene = sceneOf(subject);
  let total: Total | null = null;
  for (let count = 0; count < maxBatches; count++) {
    const parameters = prepare(scene);
    const part = runOnce(subject, workload, parameters, {
      ...options,
      // It ends with what was prepared, not with the time.
      durationMs: hour,
      ...(batch !== undefined && { maxOperations: batch.operations }),
    });
    batch?.after(scene, part.result, parameters);
    total = add(total, part);
    if (total.result.elapsedNs >= options.durationMs * 1e6) break;
  }
  if (total === null) throw new Error('nothing was run');
  return total;
}

function figuresOf({ result, cpuNs, contextSwitches }: Total, unit: number): Figures {
  const operations = result.operations * unit;
  return {
    operationsPerSecond: operations / (result.elapsedNs / 1e9),
    p50Us: result.p50Ns / 1000 / unit,
    p99Us: result.p99Ns / 1000 / unit,
    cpuUsPerOperation: cpuNs / 1000 / operations,
    contextSwitchesPerOperation: contextSwitches / operations,
    kicksPerRequest: result.kicks / result.requests,
    callsPerRequest: result.calls / result.requests,
    systemCallsPerOperation: NaN,
  };
}

/** Runs a row, after a fifth of the time to warm up. `prepared` is null for one that runs in batches. */
export function takeTurn(
  subject: Subject,
  workload: BenchWorkload,
  prepared: Parameters | null,
  options: LoopOptions,
): Figures {
  const go = (durationMs: number): Total =>
    prepared === null
      ? runBatches(subject, workload, { ...options, durationMs })
      : runOnce(subject, workload, prepared, { ...options, durationMs });
  go(options.durationMs / 5);
  return figuresOf(go(options.durationMs), workload.unit ?? 1);
}

/** System calls for each operation; a batch is prepared and cleaned up outside of the count. */
export async function traced(
  subject: Subject,
  workload: BenchWorkload,
  prepared: Parameters | null,
  options: LoopOptions,
): Promise<number> {
  const { batch, unit = 1 } = workload;
  const scene = sceneOf(subject);
  const parameters = prepared ?? workload.prepare(scene);
  let result: WorkloadResult | null = null;
  const calls = await countSystemCalls(subject.pids, () => {
    ({ result } = runOnce(subject, workload, parameters, {
      ...options,
      durationMs: hour,
      maxOperations: batch?.operations ?? Math.ceil(tracedOperations / unit),
    }));
  });
  const done = result as WorkloadResult | null;
  if (done === null || calls === null) return NaN;
  batch?.after(scene, done, parameters);
  return calls / (done.operations * unit);
}
