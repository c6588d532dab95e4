// SPDX-License-Identifier: Apache-2.0

/** Feeds a target with seeds until the time, or the row of seeds, is over. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deviceTarget } from './device/device-target.js';
import { parsersTarget } from './parsers/parsers-target.js';
import type { Target, TargetKind } from './target.js';
import { Tally } from './tally.js';
import { vhostUserTarget } from './vhost-user/vhost-user-target.js';

const kinds: readonly TargetKind[] = [deviceTarget, vhostUserTarget, parsersTarget];

const usage = `Usage: node fuzz/run.mjs TARGET [OPTION]...

  TARGET           ${kinds.map(({ name }) => name).join(', ')}
  --seconds=N      for so long (default 10)
  --seeds=A..B     these seeds, or with --seeds=A only one; in the time that it takes, unless --seconds is given
  --seeds=A..      from this seed on
`;

interface Plan {
  readonly kind: TargetKind;
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
  readonly seconds: number;
}

const largestSeed = 0xffff_ffff;

function planOf(args: readonly string[]): Plan {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, seeds: { type: 'string' } },
    allowPositionals: true,
  });
  const kind = kinds.find(({ name }) => name === positionals[0]);
  const [, from, dots, to] = /^([0-9]+)(?:(\.\.)([0-9]*))?$/.exec(values.seeds ?? '1..') ?? [];
  const first = Number(from);
  const last = dots === undefined ? first : to === '' ? largestSeed : Number(to);
  const isBounded = dots === undefined || to !== '';
  const seconds = Number(values.seconds ?? (isBounded ? Infinity : 10));
  if (kind === undefined || positionals.length !== 1 || !(last >= first) || !(seconds > 0)) {
    throw new Error(usage);
  }
  return { kind, first, end: last + 1, seconds };
}

/** SIGINT and SIGTERM end the run after the seed at hand: what was tried is counted, and nothing is left behind. */
class EndOfRun {
  readonly #deadline: number;
  #isAsked = false;

  constructor(seconds: number) {
    this.#deadline = performance.now() + 1000 * seconds;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        this.#isAsked = true;
      });
    }
  }

  get hasCome(): boolean {
    return this.#isAsked || performance.now() >= this.#deadline;
  }
}

/** A line on the terminal that shows how far the run has come. */
class Progress {
  readonly #isShown = process.stderr.isTTY;
  #last = 0;

  show(text: string): void {
    if (!this.#isShown || performance.now() - this.#last < 200) return;
    this.#last = performance.now();
    process.stderr.write(`\r\x1b[K${text.slice(0, 110)}`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
  }
}

function describeFailure(plan: Plan, seed: number, target: Target, error: unknown): string {
  const name = plan.kind.name;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `${name}: seed ${seed}: ${reason}`,
    target.explain(),
    `${name}: to repeat it: scripts/fuzz ${name} --seeds=${seed}`,
    '',
  ].join('\n');
}

async function feed(plan: Plan): Promise<boolean> {
  const tally = new Tally();
  const target = plan.kind.open(tally);
  const end = new EndOfRun(plan.seconds);
  const progress = new Progress();
  const begin = performance.now();
  let isClean = true;
  let seed = plan.first;
  try {
    for (; seed < plan.end && !end.hasCome; seed++) {
      await target.run(seed);
      tally.add('seeds');
      progress.show(`${plan.kind.name}: seed ${seed}, ${tally.toString()}`);
      await nextTurn();
    }
    await target.close();
  } catch (error) {
    isClean = false;
    progress.clear();
    process.stderr.write(describeFailure(plan, seed, target, error));
    await target.close().catch(() => undefined);
  }
  progress.clear();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(
    `${plan.kind.name}: ${tally.toString() || 'nothing tried'} in ${seconds} s (seeds ${plan.first} to ${seed - (isClean ? 1 : 0)}): ` +
      `${isClean ? 'clean' : 'FAILED'}\n`,
  );
  return isClean;
}

process.exitCode = (await feed(planOf(process.argv.slice(2)))) ? 0 : 1;
