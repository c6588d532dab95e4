// SPDX-License-Identifier: Apache-2.0

/**
 * One round: every row on every daemon, one daemon directly after the other. A machine's speed changes within seconds,
 * so what is compared has to be measured together.
 */

import { benchNative } from './native.js';
import { peerNames } from './peers.js';
import { placeFrontEnd, type Placement } from './placements.js';
import type { Subject } from './subject.js';
import { sceneOf, takeTurn, traced, type Figures } from './turn.js';
import type { BenchWorkload, Parameters } from './workload.js';

export interface Sample extends Figures {
  readonly contender: string;
  readonly workload: string;
  readonly depth: number;
  readonly placement: string;
  readonly round: number;
}

export interface MeasureOptions {
  readonly workloads: readonly BenchWorkload[];
  /** Instead of each workload's own; empty: those. */
  readonly depths: readonly number[];
  readonly placements: readonly Placement[];
  readonly durationMs: number;
  /** System calls are counted, in the first of the placements. */
  readonly trace: boolean;
  /** From 1 on. */
  readonly round: number;
  /** Whose share the same work is done on as system calls in a loop; null: it is not. */
  readonly directOn: Subject | null;
  /** Told of each workload before it begins. */
  readonly onWorkload?: (name: string) => void;
}

/** The same work as system calls in a loop in this process, on a share that a daemon has been measured with. */
function measureDirect(share: string, workload: BenchWorkload, durationMs: number): Figures {
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
  if (result.failure !== null) throw new Error(result.failure);
  const operations = result.operations * (workload.unit ?? 1);
  return {
    operationsPerSecond: operations / (result.elapsedNs / 1e9),
    p50Us: NaN,
    p99Us: NaN,
    cpuUsPerOperation: result.cpuNs / 1000 / operations,
    contextSwitchesPerOperation: NaN,
    kicksPerRequest: NaN,
    callsPerRequest: NaN,
    systemCallsPerOperation: result.calls / operations,
  };
}

interface Turn {
  readonly subject: Subject;
  /** Null: the workload prepares each of its batches. */
  readonly prepared: Parameters | null;
}

/** Whose turns a workload's rows are. Nobody is always first: what has just run tells on what runs next. */
function turnsOf(workload: BenchWorkload, subjects: readonly Subject[], first: number): Turn[] {
  const taking = subjects.filter(({ name }) => name !== 'null' || workload.overNull === true);
  const begin = first % Math.max(taking.length, 1);
  return [...taking.slice(begin), ...taking.slice(0, begin)].map((subject) => ({
    subject,
    prepared: workload.batch === undefined ? workload.prepare(sceneOf(subject)) : null,
  }));
}

async function measureRow(
  workload: BenchWorkload,
  turns: readonly Turn[],
  depth: number,
  placement: Placement,
  failed: Set<Subject>,
  { durationMs, trace, round, placements }: MeasureOptions,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const loop = { depth, spinNs: placement.spinNs, durationMs };
  for (const { subject, prepared } of turns.filter((turn) => !failed.has(turn.subject))) {
    subject.place(placement.daemon);
    placeFrontEnd(placement.frontEnd);
    const counts = trace && placement === placements[0] && subject.pids.length > 0;
    try {
      const figures = takeTurn(subject, workload, prepared, loop);
      const calls = counts ? await traced(subject, workload, prepared, loop) : NaN;
      samples.push({
        contender: subject.name,
        workload: workload.name,
        depth,
        placement: placement.name,
        round,
        ...figures,
        systemCallsPerOperation: calls,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const where = `${subject.name}, ${workload.name}, depth ${depth}, ${placement.name}: ${reason}`;
      if (!peerNames.includes(subject.name)) throw new Error(where);
      // Its rings are in no known state any more, so that it is out for this round.
      process.stderr.write(`${where}\n`);
      failed.add(subject);
    }
  }
  return samples;
}

/** Throws when vfsd answers wrongly or not at all; a peer that does is left out from then on. */
export async function measure(
  subjects: readonly Subject[],
  options: MeasureOptions,
): Promise<Sample[]> {
  const { workloads, depths, placements, durationMs, round, directOn } = options;
  const samples: Sample[] = [];
  const failed = new Set<Subject>();
  for (const [index, workload] of workloads.entries()) {
    options.onWorkload?.(workload.name);
    const working = subjects.filter((subject) => !failed.has(subject));
    const turns = turnsOf(workload, working, index + round);
    // One that is measured at one depth has a reason for it.
    const chooses = depths.length > 0 && workload.depths.length > 1;
    for (const depth of chooses ? depths : workload.depths) {
      for (const placement of placements) {
        samples.push(...(await measureRow(workload, turns, depth, placement, failed, options)));
      }
    }
    if (directOn !== null && workload.direct !== undefined && workload.pages !== 'scattered') {
      placeFrontEnd(placements[0]?.daemon ?? []);
      samples.push({
        contender: 'direct',
        workload: workload.name,
        depth: 0,
        placement: '',
        round,
        ...measureDirect(directOn.share, workload, durationMs),
      });
    }
  }
  return samples;
}
