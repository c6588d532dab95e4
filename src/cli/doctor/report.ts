// SPDX-License-Identifier: Apache-2.0

import { toSingleLine } from '../../log/record.js';
import type { Finding, Verdict } from './check.js';

export interface Result extends Finding {
  readonly title: string;
}

const words: Readonly<Record<Verdict, string>> = { ok: 'ok', warn: 'note', fail: 'FAIL' };
const colours: Readonly<Record<Verdict, string>> = { ok: '32', warn: '33', fail: '31;1' };
const titleWidth = 20;
const indent = ' '.repeat(6 + titleWidth + 1);

/** The list for people. @param colour for a terminal */
export function reportText(results: readonly Result[], colour: boolean): string {
  const lines = results.flatMap(({ title, verdict, found, fix }) => {
    const word = words[verdict].padEnd(5);
    const mark = colour ? `\u001b[${colours[verdict]}m${word}\u001b[0m` : word;
    return [
      `${mark} ${title.padEnd(titleWidth)} ${toSingleLine(found)}`,
      ...(fix === undefined ? [] : [`${indent}-> ${toSingleLine(fix)}`]),
    ];
  });
  return `${[...lines, '', summary(results)].join('\n')}\n`;
}

function summary(results: readonly Result[]): string {
  const failed = results.filter(({ verdict }) => verdict === 'fail').length;
  const noted = results.filter(({ verdict }) => verdict === 'warn').length;
  if (failed > 0) return `vfsd would not start: ${failed} of ${results.length} checks fail`;
  return noted === 0
    ? 'vfsd can be started'
    : `vfsd can be started, and ${noted === 1 ? 'one thing' : `${noted} things`} could be better`;
}
