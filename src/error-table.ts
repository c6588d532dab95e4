// SPDX-License-Identifier: Apache-2.0

import { describeError, errorCodes } from './errors.js';

/** The errors as Markdown, for docs/errors.md. */
export function errorTable(): string {
  return [
    '| code | status | what could not be done | what to do |',
    '| --- | --- | --- | --- |',
    ...errorCodes.map((code) => {
      const { exitStatus, tried, hint } = describeError(code, '…');
      return `| \`${code}\` | ${exitStatus} | ${tried} | ${hint} |`;
    }),
  ].join('\n');
}
