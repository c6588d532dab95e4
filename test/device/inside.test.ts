// SPDX-License-Identifier: Apache-2.0

// What a program sees that runs where the worker runs: in its namespaces and below its root, and with more rights than the
// worker has, so that what it cannot do the worker cannot do either.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { getuid } from 'node:process';
import t from 'tap';
import { processTree } from './process-tree.js';
import { startVfsd } from './scene.js';

const skip = getuid?.() === 0 ? false : 'not root';
const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--root'];

t.test('from inside the sandbox there is the share and nothing else', { skip }, async (t) => {
  const daemon = await startVfsd(t, {
    furnish: (share) => {
      copyFileSync('/bin/busybox', `${share}/busybox`);
      mkdirSync(`${share}/proc`);
    },
  });
  const worker = processTree(daemon.pid).at(-1) ?? 0;
  const inside = (script: string) => {
    const shell = ['/busybox', 'sh', '-c', script];
    const run = spawnSync('nsenter', [`--target=${worker}`, ...namespaces, ...shell], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    return { status: run.status, lines: run.stdout.trim().split('\n') };
  };

  t.strictSame(inside('/busybox ls /').lines, ['busybox', 'proc'], 'the root is the share');
  for (const path of ['/etc/passwd', '/../etc/passwd', '/proc/1/root/etc/passwd', '/dev/null']) {
    t.not(inside(`/busybox cat ${path}`).status, 0, `${path} cannot be opened`);
  }

  const links = inside('/busybox ip -o link').lines;
  t.equal(links.length, 1, 'one network interface');
  t.match(links[0], /^1: lo: <LOOPBACK> /, 'lo, which is down');

  const seen = inside('/busybox mount -t proc proc /proc && /busybox ps -o pid,comm').lines;
  const others = seen.slice(1).filter((line) => !/^\s*(1 node|\d+ busybox)$/.test(line));
  t.equal(seen.length > 1, true, 'there is a list of processes');
  t.strictSame(others, [], 'no process but the worker and this program');
});
