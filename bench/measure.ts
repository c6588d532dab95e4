// SPDX-License-Identifier: Apache-2.0

/** One daemon's turn: taken through all workloads, at each depth, in each placement. */

import type { WorkloadResult } from '../test/device/native.js';
import { benchNative } from './native.js';
import { placeFrontEnd, type Placement } from './placements.js';
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

export interface Sample extends Figures {
  readonly contender: string;
  readonly workload: string;
  readonly depth: number;
  readonly placement: string;
}

export interface MeasureOptions {
  readonly workloads: readonly BenchWorkload[];
  /** Instead of each workload's own; empty: those. */
  readonly depths: readonly number[];
  readonly placements: readonly Placement[];
  readonly durationMs: number;
  /** System calls are counted, in the first of the placements. */
  readonly trace: boolean;
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

function sceneOf(subject: Subject): Scene {
  return { machine: subject.machine, guest: subject.machine.guest, share: subject.share };
}

interface LoopOptions {
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

/** System calls for each operation; a batch is prepared and cleaned up outside of the count. */
async function traced(
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

export async function measure(subject: Subject, options: MeasureOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const workload of options.workloads) {
    const parameters = workload.batch === undefined ? workload.prepare(sceneOf(subject)) : null;
    // One that is measured at one depth has a reason for it.
    const chooses = options.depths.length > 0 && workload.depths.length > 1;
    for (const depth of chooses ? options.depths : workload.depths) {
      for (const placement of options.placements) {
        subject.place(placement.daemon);
        placeFrontEnd(placement.frontEnd);
        const { durationMs, trace } = options;
        const loop = { depth, spinNs: placement.spinNs };
        const go = (milliseconds: number): Total =>
          parameters === null
            ? runBatches(subject, workload, { ...loop, durationMs: milliseconds })
            : runOnce(subject, workload, parameters, { ...loop, durationMs: milliseconds });
        try {
          go(durationMs / 5);
          const figures = figuresOf(go(durationMs), workload.unit ?? 1);
          const counts = trace && placement === options.placements[0];
          samples.push({
            contender: subject.name,
            workload: workload.name,
            depth,
            placement: placement.name,
            ...figures,
            ...(counts && {
              systemCallsPerOperation: await traced(subject, workload, parameters, {
                ...loop,
                durationMs,
              }),
            }),
          });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`${subject.name}, ${workload.name}, ${placement.name}: ${reason}`);
        }
      }
    }
  }
  return samples;
}

/** The same work as system calls in a loop in this process, on a share that a daemon has been measured with. */
export function measureDirect(
  share: string,
  { workloads, placements, durationMs }: MeasureOptions,
): Sample[] {
  const [placement] = placements;
  if (placement === undefined) return [];
  placeFrontEnd(placement.daemon);
  return workloads.flatMap((workload): Sample[] => {
    if (workload.direct === undefined || workload.pages === 'scattered') return [];
    const block = workload.directBlock;
    const run = (milliseconds: number) =>
      benchNative.runDirect({
        kind: workload.direct ?? 'getattr',
        share,
        durationMs: milliseconds,
        ...(block !== undefined && { block }),
      });
    run(durationMs / 5);
    const result = run(durationMs);
    if (result.failure !== null) throw new Error(`direct, ${workload.name}: ${result.failure}`);
    const operations = result.operations * (workload.unit ?? 1);
    return [
      {
        contender: 'direct',
        workload: workload.name,
        depth: 0,
        placement: '',
        operationsPerSecond: operations / (result.elapsedNs / 1e9),
        p50Us: NaN,
        p99Us: NaN,
        cpuUsPerOperation: result.cpuNs / 1000 / operations,
        contextSwitchesPerOperation: NaN,
        kicksPerRequest: NaN,
        callsPerRequest: NaN,
        systemCallsPerOperation: result.calls / operations,
      },
    ];
  });
}
