// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import t from 'tap';
import { checks } from '../../../src/cli/doctor/checks.js';
import type { DoctorBinding, Finding, Patient } from '../../../src/cli/doctor/check.js';
import { reportText } from '../../../src/cli/doctor/report.js';
import { parseArguments } from '../../../src/cli/parse-arguments.js';
import { validate } from '../../../src/config/validate.js';
import type { DirectoryTraits } from '../../../src/native/types.js';
import { Capability } from '../../../src/sandbox/capabilities.js';

const unsupported = { errno: 95, code: 'EOPNOTSUPP', syscall: 'getxattr' };
const all = (1n << 41n) - 1n;
const has: DirectoryTraits = { fileHandles: undefined, xattrs: undefined };

function binding(traits: DirectoryTraits = has, soft = 1_000_000n): DoctorBinding {
  return {
    getOpenFileLimit: () => ({ soft, hard: soft }),
    getEffectiveCapabilities: () => all,
    probeDirectory: () => traits,
  };
}

async function examine(
  title: string,
  args: readonly string[],
  patient: Partial<Patient> = {},
): Promise<Finding> {
  const share = args.some((arg) => arg.startsWith('--shared-dir')) ? [] : ['--shared-dir=/'];
  const socket = args.some((arg) => arg.startsWith('--socket-path')) ? [] : ['--fd=3'];
  const config = validate(await parseArguments([...share, ...socket, ...args]));
  const check = checks.find((candidate) => candidate.title === title);
  if (check === undefined) throw new Error(`there is no check ${title}`);
  return check.examine({ binding: binding(), config, capabilities: all, isRoot: true, ...patient });
}

t.test('what a start would stop at fails, with its code', async (t) => {
  t.match(await examine('Shared directory', ['--shared-dir=/nonexistent']), {
    verdict: 'fail',
    found: /ENOENT.*VFSD_SHARE_UNUSABLE/,
  });
  t.match(await examine('Socket', ['--socket-path=/nonexistent/x']), {
    verdict: 'fail',
    found: /the directory \/nonexistent does not exist.*VFSD_SOCKET_PATH/,
  });
  const long = `--socket-path=${join(t.testdir({}), 'x'.repeat(120))}`;
  t.match(await examine('Socket', [long]), { verdict: 'fail', found: /VFSD_SOCKET_TOO_LONG/ });
  t.match(await examine('Sandbox', ['--sandbox=chroot'], { capabilities: 0n }), {
    verdict: 'fail',
    found: /CAP_SYS_CHROOT/,
  });
  t.match(await examine('Open files', ['--rlimit-nofile=0'], { binding: binding(has, 100n) }), {
    verdict: 'fail',
    found: /VFSD_LIMIT_NOFILE/,
  });
});

t.test('what works and could be better is noted', async (t) => {
  t.match(await examine('Open files', ['--rlimit-nofile=1000']), { verdict: 'warn' });
  t.match(await examine('System call filters', ['--seccomp=none']), { verdict: 'warn' });
  t.match(await examine('Sandbox', ['--sandbox=none']), { verdict: 'warn' });
  const user = { isRoot: false, capabilities: 0n };
  t.match(await examine('Users and groups', [], user), { verdict: 'warn', fix: /--uid-map/ });
  const none = { binding: binding({ fileHandles: unsupported, xattrs: unsupported }) };
  t.match(await examine('File handles', [], none), { verdict: 'warn' });
  t.match(await examine('Extended attributes', ['--xattr'], none), { verdict: 'warn' });
  t.match(await examine('Extended attributes', ['--security-model=mapped'], none), {
    verdict: 'fail',
    found: /VFSD_SHARE_XATTRS/,
  });
  const withoutSearch = { capabilities: all & ~(1n << BigInt(Capability.DAC_READ_SEARCH)) };
  t.match(await examine('File handles', [], withoutSearch), { found: /CAP_DAC_READ_SEARCH/ });
});

t.test('what is demanded and not there fails', async (t) => {
  const none = { binding: binding({ fileHandles: unsupported, xattrs: undefined }) };
  t.match(await examine('File handles', ['--inode-file-handles=mandatory'], none), {
    verdict: 'fail',
  });
});

t.test('what is not asked for is not missed', async (t) => {
  const none = { binding: binding({ fileHandles: undefined, xattrs: unsupported }) };
  t.match(await examine('Extended attributes', [], none), { verdict: 'ok' });
});

t.test('the report is a list, with what to do below', async (t) => {
  const text = reportText(
    [
      { title: 'One', verdict: 'ok', found: 'good' },
      { title: 'Two', verdict: 'warn', found: 'so\nso', fix: 'better' },
      { title: 'Three', verdict: 'fail', found: 'bad', fix: 'good' },
    ],
    false,
  );
  t.equal(
    text,
    [
      'ok    One                  good',
      'note  Two                  so\ufffdso',
      '                           -> better',
      'FAIL  Three                bad',
      '                           -> good',
      '',
      'vfsd would not start: 1 of 3 checks fail',
      '',
    ].join('\n'),
  );
  t.match(reportText([{ title: 'A', verdict: 'ok', found: 'b' }], true), '\u001b[32mok');
});
