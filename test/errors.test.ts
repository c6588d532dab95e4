// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { errorCodes, VfsdError } from '../src/errors.js';
import { describeFailure, toSystemFailure } from '../src/native/system-failure.js';
import { unwrap } from '../src/native/binding.js';
import { OwnedFd } from '../src/native/owned-fd.js';
import type { SystemFailure } from '../src/native/types.js';
import { FakeBinding } from './doubles/fake-binding.js';

t.test('every error is one line that says what to change', async (t) => {
  for (const code of errorCodes) {
    const error = new VfsdError(code, 'SUBJECT', { answer: 'ANSWER' });
    t.match(error.line, /ANSWER \(.+\) \[VFSD_[A-Z_]+\]$/, code);
    t.notMatch(error.line, /\n/);
    t.ok(error.exitStatus > 0 && error.exitStatus < 126, `${code}: exit status`);
    t.match(code, /^VFSD_[A-Z_]+$/);
  }
});

t.test("an error carries the system's answer", async (t) => {
  const failure = { errno: 98, code: 'EADDRINUSE', syscall: 'bind' };
  const error = new VfsdError('VFSD_SOCKET_PATH', '/run/x', { answer: failure });
  t.equal(error.failure, failure);
  t.equal(error.message, 'cannot listen on /run/x: bind: address already in use (EADDRINUSE)');
  t.equal(
    describeFailure({ ...failure, detail: 'in /run' }).endsWith('(EADDRINUSE), in /run'),
    true,
  );
  t.equal(describeFailure({ errno: 122, code: 'EDQUOT', syscall: 'x' }), 'x: error 122 (EDQUOT)');
});

t.test('native results and failures', async (t) => {
  t.equal(unwrap(5, 'VFSD_NATIVE_CALL', 'count'), 5);
  const nothing: SystemFailure | undefined = undefined;
  t.doesNotThrow(() => {
    unwrap(nothing, 'VFSD_NATIVE_CALL', 'seal');
  });
  const failure = { errno: 1, code: 'EPERM', syscall: 'seccomp' };
  t.throws(() => unwrap(failure, 'VFSD_NATIVE_CALL', 'seal'), { code: 'VFSD_NATIVE_CALL' });
  t.throws(() => toSystemFailure(new Error('not of the system')), /not of the system/);
});

t.test('a descriptor is closed once, by its owner', async (t) => {
  const binding = new FakeBinding();
  const owned = new OwnedFd(binding, binding.newFd());
  owned.close();
  owned.close();
  t.equal(binding.openFds.size, 0);
  t.throws(() => owned.fd);
  const given = new OwnedFd(binding, binding.newFd());
  const fd = given.take();
  given.close();
  t.ok(binding.openFds.has(fd), 'the new owner closes it');
});
