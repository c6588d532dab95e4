// SPDX-License-Identifier: Apache-2.0

/** The parsers of options and policies: a text is understood, or refused with an error that says so. */

import { VfsdError, type ErrorCode } from '../../src/errors.js';
import { Finding } from '../finding.js';
import { Random } from '../random.js';
import type { Tally } from '../tally.js';
import type { Target, TargetKind } from '../target.js';
import { grammars, type Grammar } from './grammars.js';

const textsPerSeed = 100;
const refusals: readonly ErrorCode[] = ['VFSD_CONFIG_USAGE', 'VFSD_SECCOMP_POLICY'];
/** Far beyond what any text of these lengths needs. */
const patienceMs = 1000;

class ParsersTarget implements Target {
  readonly #tally: Tally;
  #last = '';

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  run(seed: number): Promise<void> {
    const random = new Random(seed);
    for (let i = 0; i < textsPerSeed; i++) {
      const grammar = random.pick(grammars);
      const text = grammar.someText(random);
      this.#last = `${grammar.name} ${JSON.stringify(text)}`;
      const begin = performance.now();
      this.#tally.add(this.#isUnderstood(grammar, text) ? 'texts understood' : 'texts refused');
      if (performance.now() - begin > patienceMs) throw new Finding('a text takes too long');
    }
    return Promise.resolve();
  }

  explain(): string {
    return `the last text: ${this.#last}`;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #isUnderstood(grammar: Grammar, text: string): boolean {
    try {
      grammar.parse(text);
      return true;
    } catch (error) {
      if (!(error instanceof VfsdError)) throw error;
      if (!refusals.includes(error.code)) throw new Finding(`refused with ${error.code}`);
      if (error.message === '' || error.hint === '') throw new Finding('refused without a word');
      return false;
    }
  }
}

export const parsersTarget: TargetKind = {
  name: 'parsers',
  open: (tally) => new ParsersTarget(tally),
};
