// SPDX-License-Identifier: Apache-2.0

// The front-end of the tests itself: what it takes for an answer, and for the want of one.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { native } from './native.js';

t.test('a signal does not end the wait for an answer', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vfsd-front-end-'));
  const path = join(directory, 'socket');
  const listener = native.listen(path);
  const connection = native.connect(path);
  const ignore = (): void => undefined;
  process.on('SIGUSR2', ignore);
  const signaller = spawn('sh', ['-c', `sleep 0.1; kill -USR2 ${process.pid}; sleep 0.1`]);
  const begin = performance.now();
  const timeoutMs = 400;
  const received = native.receive(connection, 1, timeoutMs);
  t.equal(received, -110, 'nothing comes');
  t.ok(performance.now() - begin >= timeoutMs, 'and that is known when the time is over');
  await new Promise((resolve) => signaller.once('exit', resolve));
  process.off('SIGUSR2', ignore);
  native.closeFd(connection);
  native.closeFd(listener);
  rmSync(directory, { recursive: true });
});
