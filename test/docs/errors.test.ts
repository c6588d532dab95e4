// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import t from 'tap';
import { errorTable } from '../../src/error-table.js';
import { describeError, errorCodes } from '../../src/errors.js';

const squeezed = (text: string): string => text.replaceAll(/[ -]+/g, ' ');

t.test('every code is in docs/errors.md as it is in the program', async (t) => {
  const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  // The formatter of the documents aligns columns.
  const rows = new Set(document.split('\n').map(squeezed));
  for (const row of errorTable().split('\n').slice(2)) t.ok(rows.has(squeezed(row)), row);
  t.equal(document.match(/^\| `VFSD_/gm)?.length, errorCodes.length);
});

t.test('every error says what to do, and has a status of its kind', async (t) => {
  for (const code of errorCodes) {
    const { exitStatus, tried, hint } = describeError(code, 'x');
    t.ok(tried.length > 0 && hint.length > 0, code);
    t.ok([1, 2].includes(exitStatus), code);
  }
});
