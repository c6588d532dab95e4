// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import {
  assertPathsDenied,
  assertPrivilegesDropped,
} from '../../src/sandbox/assert-confinement.js';
import { keptCapabilities, keptCapabilityMask } from '../../src/sandbox/capabilities.js';

interface Rights {
  readonly noNewPrivs?: string;
  readonly effective?: string;
  readonly permitted?: string;
}

function status({ noNewPrivs = '1', effective, permitted }: Rights = {}): string {
  const kept = keptCapabilityMask.toString(16).padStart(16, '0');
  const lines = {
    Name: 'node',
    CapInh: '0000000000000000',
    CapPrm: permitted ?? kept,
    CapEff: effective ?? kept,
    CapBnd: '000001ffffffffff',
    CapAmb: '0000000000000000',
    NoNewPrivs: noNewPrivs,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');
}

const tooMany = { code: 'VFSD_SANDBOX_CONFINE' };

t.test('the worker goes on with the rights that it should have, or fewer', async (t) => {
  assertPrivilegesDropped(keptCapabilityMask, status());
  assertPrivilegesDropped(
    keptCapabilityMask,
    status({ effective: '0000000000000000', permitted: '0' }),
  );
  for (const rights of [
    { noNewPrivs: '0' },
    { effective: '0000000000200000' },
    { permitted: '000001ffffffffff' },
    { effective: '0000000000000004' },
  ]) {
    t.throws(() => {
      assertPrivilegesDropped(keptCapabilityMask, status(rights));
    }, tooMany);
  }
  t.throws(() => {
    assertPrivilegesDropped(keptCapabilityMask, 'Name:\tnode\n');
  }, tooMany);
});

t.test('a main thread that can use paths does not serve', async (t) => {
  t.throws(() => {
    assertPathsDenied();
  }, tooMany);
  assertPathsDenied(() => {
    throw Object.assign(new Error('denied'), { errno: -1, code: 'EPERM', syscall: 'stat' });
  });
  const missing = { errno: -2, code: 'ENOENT', syscall: 'stat' };
  t.throws(() => {
    assertPathsDenied(() => {
      throw Object.assign(new Error('not there'), missing);
    });
  }, /not there/);
});

t.test('every capability that is kept has a reason', async (t) => {
  for (const { reason } of keptCapabilities) t.ok(reason.length > 10);
});
