// SPDX-License-Identifier: Apache-2.0
//
// Trees that QEMU's own 9p server has written for a guest, as vfsd mapped sees and converts them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import t, { type Test } from 'tap';

import { Guest } from './boot.js';
import { Daemon, projectRoot } from './daemon.js';
import { lacksKernel } from './host.js';

const flavour = 'generic';
const needs = process.getuid?.() === 0 ? lacksKernel({ flavour }) : 'needs root: passthrough';

/** One of each kind, by the guest's root. */
const makeTree = [
  'mkdir -p bin dev tmp/empty home/user',
  'echo program >bin/su && chown 0:7 bin/su && chmod 4755 bin/su && ln bin/su bin/doas',
  'echo mail >home/user/mail && chown 1000:1000 home/user home/user/mail && chmod 600 home/user/mail',
  'chmod 700 home/user && chmod 1777 tmp && chown 0:2000 home && chmod 2775 home',
  'mknod dev/null c 1 3 && chmod 666 dev/null && mknod dev/disk b 259 70000 && mknod dev/fifo p',
  'ln -s ../bin/su tmp/link && chown -h 5:6 tmp/link && ln -s "a dangling one" dangling',
  'echo x >"with a space" && chmod 0 "with a space"',
  'touch -d "2001-02-03 04:05:06" home/user/mail && chmod 0755 . && chown 0:0 .',
].join(' && ');

/** What stat(2) says in the guest; links of directories and their sizes are the host's business. */
const describeTree =
  'find . | sort | while read -r f; do ' +
  'if [ -d "$f" ] && [ ! -L "$f" ]; then stat -c "%n|%F|%a|%u|%g|%Y" "$f"; ' +
  'else stat -c "%N|%F|%a|%u|%g|%t,%T|%h|%s|%Y" "$f"; fi; done; cat bin/doas home/user/mail';

/** As the first columns of `vfsd mapped ls -R -a`. */
const listTree =
  'find . ! -type d | sort | while read -r f; do stat -c "%A %h %u %g %n" "$f"; done';

async function inGuest(guest: Guest, directory: string, command: string): Promise<string> {
  const { status, output } = await guest.run(`cd ${directory} && ${command}`);
  if (status !== 0) throw new Error(`in ${directory}: ${output}`);
  return output;
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function mapped(...args: readonly string[]): Ran {
  const vfsd = path.join(projectRoot, 'bin/vfsd');
  const { status, stdout, stderr } = spawnSync(vfsd, ['mapped', ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** The same lines as the guest makes of its tree. */
function listed(tree: string): readonly string[] {
  return mapped('ls', '-R', '-a', tree)
    .stdout.trim()
    .split('\n')
    .filter((line) => !line.startsWith('d'))
    .map((line) => {
      const [mode = '', links, uid, gid] = line.replace(/^(\S+)/, '$1 ').split(/\s+/);
      const [name = ''] = line.replace(/^.*? \d\d:\d\d /, '').split(' -> ');
      return `${mode} ${links ?? ''} ${uid ?? ''} ${gid ?? ''} ./${name.replaceAll('\\ ', ' ')}`;
    })
    .sort();
}

/** Runs `work` with a guest that has each of the trees at /9p/NAME, by QEMU's own server. */
async function withTrees(
  directory: string,
  trees: Readonly<Record<string, string>>,
  work: (guest: Guest) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start({ cache: 'never', directory });
  try {
    const fsdevs = Object.fromEntries(
      Object.entries(trees).map(([name, model]) => [
        name,
        `local,path=${path.join(directory, name)},security_model=${model}`,
      ]),
    );
    const guest = await Guest.boot({ socket: daemon.socket, flavour, fsdevs });
    try {
      for (const name of Object.keys(trees)) await guest.mount9p(name, `/9p/${name}`);
      await work(guest);
    } finally {
      await guest.end();
    }
  } finally {
    await daemon.stop();
  }
}

async function seen(
  directory: string,
  trees: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await withTrees(directory, trees, async (guest) => {
    for (const name of Object.keys(trees)) {
      found.set(name, await inGuest(guest, `/9p/${name}`, describeTree));
    }
  });
  return found;
}

function assertConverts(t: Test, ...args: readonly string[]): void {
  const { status, stdout, stderr } = mapped('convert', ...args);
  t.same({ status, stderr }, { status: 0, stderr: '' }, args.join(' '));
  t.match(stdout, /^\d+ objects, all as before\n$/);
}

await t.test("trees of QEMU's 9p server", { skip: needs }, async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'vfsd-9p-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const models = { xattr: 'mapped-xattr', file: 'mapped-file' };
  const before = new Map<string, string>();
  const tree = (name: string): string => path.join(directory, name);
  for (const name of Object.keys(models)) spawnSync('mkdir', [tree(name)]);

  await withTrees(directory, models, async (guest) => {
    for (const [name, model] of Object.entries(models)) {
      await inGuest(guest, `/9p/${name}`, makeTree);
      before.set(name, await inGuest(guest, `/9p/${name}`, describeTree));
      const list = await inGuest(guest, `/9p/${name}`, listTree);
      t.same(listed(tree(name)), list.split('\n').sort(), `${model} is listed as in the guest`);
      const served = mapped('convert', `--from=${model}`, '--to=passthrough', tree(name));
      t.equal(served.status, 1);
      t.match(served.stderr, 'VFSD_MAPPED_IN_USE', 'what a machine has is not converted');
    }
  });
  const withoutTimes = (name: string): string | undefined =>
    before.get(name)?.replaceAll(/\|\d+$/gm, '');
  t.equal(withoutTimes('xattr'), withoutTimes('file'), 'the models show the same');

  for (const name of Object.keys(models)) {
    const { stdout } = mapped('find', tree(name), '--uid=0', '--perm=-4000', '--type=f');
    const programs = ['bin/doas', 'bin/su'].map((program) => `${tree(name)}/${program}\n`);
    t.equal(stdout, programs.join(''), 'set-user-ID programs are found');
    t.same(mapped('check', tree(name)), { status: 0, stdout: '', stderr: '' }, 'nothing is wrong');
  }

  assertConverts(
    t,
    '--from=mapped-xattr',
    '--to=passthrough',
    tree('xattr'),
    `--copy-to=${tree('real')}`,
  );
  assertConverts(t, '--from=mapped-xattr', '--to=mapped-file', tree('xattr'));
  assertConverts(t, '--from=mapped-file', '--to=mapped-xattr', tree('file'));
  const after = await seen(directory, {
    xattr: 'mapped-file',
    file: 'mapped-xattr',
    real: 'passthrough',
  });
  t.equal(after.get('xattr'), before.get('xattr'), 'now of mapped-file, seen as before');
  t.equal(after.get('file'), before.get('file'), 'now of mapped-xattr, seen as before');
  t.equal(after.get('real'), before.get('xattr'), 'a real copy, seen as before');
});
