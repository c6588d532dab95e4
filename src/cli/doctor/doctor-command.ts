// SPDX-License-Identifier: Apache-2.0

/** `vfsd doctor`: what a start would meet, before it is tried. */

import { writeSync } from 'node:fs';
import { getuid, stdout } from 'node:process';
import { validate } from '../../config/validate.js';
import { loadBinding, unwrap } from '../../native/binding.js';
import { withAnySocket } from '../any-socket.js';
import { givenOptions } from '../given-options.js';
import type { Patient } from './check.js';
import { checks, shareTitle } from './checks.js';
import { reportText, type Result } from './report.js';

const help = `Usage: vfsd doctor DIR [OPTIONS]

Looks at all that sharing DIR depends on, and says what is missing and what to do about it. Nothing is
changed. OPTIONS are those with which vfsd is to be started. Status 1: it would not start.

  --json   the findings as JSON
`;

/** Resolves to the exit status. */
export async function runDoctorCommand(args: readonly string[]): Promise<number> {
  const [directory, ...rest] = args;
  if (directory === undefined || args.includes('--help') || args.includes('-h')) {
    writeSync(1, help);
    return directory === undefined ? 1 : 0;
  }
  const options = rest.filter((option) => option !== '--json');
  const share = directory.startsWith('-') ? [directory] : [`--shared-dir=${directory}`];
  const config = validate(withAnySocket(await givenOptions([...share, ...options])));
  const binding = loadBinding();
  const capabilities = unwrap(
    binding.getEffectiveCapabilities(),
    'VFSD_NATIVE_CALL',
    'find out the capabilities of this process',
  );
  const patient: Patient = { binding, config, capabilities, isRoot: getuid?.() === 0 };
  const results: Result[] = [];
  for (const { title, needsShare, examine } of checks) {
    const share = results.find((result) => result.title === shareTitle);
    if (needsShare === true && share?.verdict === 'fail') continue;
    results.push({ title, ...examine(patient) });
  }
  writeSync(
    1,
    rest.includes('--json')
      ? `${JSON.stringify(results, null, 2)}\n`
      : reportText(results, stdout.isTTY),
  );
  return results.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}
