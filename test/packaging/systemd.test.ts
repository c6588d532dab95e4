// SPDX-License-Identifier: Apache-2.0

// What systemd itself says of the units.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const units = new URL('../../packaging/systemd/', import.meta.url).pathname;
const analyze = (...args: string[]) =>
  spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    // A user's units are checked as one who has logged in.
    env: { ...process.env, XDG_RUNTIME_DIR: t.testdir({}) },
  });
const skip = analyze('--version').status === 0 ? false : 'no systemd-analyze';
/** As `systemd-analyze security` counts, from 0 to 10: what a daemon that mounts and changes owners can come to. */
const mostExposed = 5;

for (const [what, directory, options] of [
  ['of the system', units, []],
  ['of a user', join(units, 'user'), ['--user']],
] as const) {
  t.test(`units ${what} are valid`, { skip }, async (t) => {
    const copies = t.testdir({ units: {}, bin: { vfsd: '#!/bin/sh' } });
    mkdirSync(join(copies, 'units'), { recursive: true });
    const names = readdirSync(directory).filter((name) => /\.(service|socket)$/.test(name));
    t.same(names.sort(), ['vfsd@.service', 'vfsd@.socket']);
    for (const name of names) {
      const text = readFileSync(join(directory, name), 'utf8');
      // The program does not have to be installed for this.
      writeFileSync(join(copies, 'units', name), text.replaceAll('/usr/bin/vfsd', '/bin/true'));
    }
    const files = names.map((name) => join(copies, 'units', name.replace('@', '@share')));
    for (const [index, name] of names.entries()) {
      writeFileSync(files[index] ?? '', readFileSync(join(copies, 'units', name)));
    }
    const { status, stderr } = analyze('verify', '--man=no', ...options, ...files);
    t.equal(status, 0, stderr);
    t.equal(stderr.trim(), '', 'without a warning');
  });
}

t.test('the service exposes no more than it must', { skip }, async (t) => {
  const { stdout } = analyze(
    'security',
    '--offline=yes',
    '--no-pager',
    join(units, 'vfsd@.service'),
  );
  const level = Number(/Overall exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1] ?? NaN);
  t.ok(level <= mostExposed, `${level} of 10`);
});
