// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import t from 'tap';
import { holderOf } from '../../src/mapped/open-elsewhere.js';
import { scratchDirectory } from './real-tree.js';

t.test('who else has a directory open is found, and named', async (t) => {
  const tree = scratchDirectory(t);
  const status = statSync(tree, { bigint: true });
  const fd = openSync(tree, 'r');
  t.equal(holderOf(status), null, 'not the process itself');
  const holder = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  await once(holder, 'spawn');
  closeSync(fd);
  t.same(holderOf(status), { pid: holder.pid, name: 'sleep' });
  holder.kill();
  await once(holder, 'exit');
  t.equal(holderOf(status), null);
});

t.test('a process that only works in a directory does not have it', async (t) => {
  const tree = scratchDirectory(t);
  const worker = spawn('sleep', ['60'], { cwd: tree, stdio: 'ignore' });
  await once(worker, 'spawn');
  t.equal(holderOf(statSync(tree, { bigint: true })), null);
  worker.kill();
  await once(worker, 'exit');
});
