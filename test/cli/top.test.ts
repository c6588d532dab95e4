// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { bytes, count, duration } from '../../src/cli/quantities.js';
import { ShareSamples, type ShareRates } from '../../src/cli/top/sample.js';
import { rows, screen, sparkline } from '../../src/cli/top/view.js';
import type { Status } from '../../src/metrics/status.js';
import { nothingCounted } from '../doubles/fake-device.js';

const escape = '\x1b';
const plain = { isUnicode: true, hasColour: false };
const busy: ShareRates = {
  name: 'home',
  connected: true,
  requests: 123_456,
  readBytes: 512 * 2 ** 20,
  writtenBytes: 2 ** 20 / 2,
  errors: 3,
  p50Ns: 1234,
  p99Ns: 98_765_432,
  inProgress: 16,
  history: [0, 1, 2, 4, 8],
};

t.test('numbers are short', async (t) => {
  t.same([0, 7, 9999, 10_000, 123_456, 1e9].map(count), [
    '0',
    '7',
    '9999',
    '10.0k',
    '123k',
    '1000M',
  ]);
  t.same([0, 1023, 1536, 2 ** 30].map(bytes), ['0 B', '1023 B', '1.5 KiB', '1.0 GiB']);
  t.same([null, 300, 1500, 999_900, 2.5e9].map(duration), [
    '-',
    '300 ns',
    '1.5 µs',
    '1.0 ms',
    '2.5 s',
  ]);
});

t.test('a sparkline shows the newest values, scaled to the largest', async (t) => {
  t.equal(sparkline([0, 1, 2, 4, 8], 5, true), ' ▂▃▅█');
  t.equal(sparkline([0, 1, 2, 4, 8], 3, true), '▃▅█');
  t.equal(sparkline([8], 4, true), '   █');
  t.equal(sparkline([0, 0], 2, true), '  ');
  t.match(sparkline([1, 8], 2, false), /^[\x20-\x7e]{2}$/, 'ASCII');
});

t.test('a row fits into 80 columns, and says all', async (t) => {
  const [row = ''] = rows([busy], 80, plain);
  t.equal(row.length, 80, row);
  t.equal(row, '● home            123k      512      0.5   1.2µs  98.8ms      3    16       ▂▃▅█');
});

t.test('nothing is wider than the terminal, whatever is shown', async (t) => {
  const much = {
    ...busy,
    name: '/a/very/long/\x1b[2Jpath/to/a/share',
    requests: 1e15,
    readBytes: 1e15,
    writtenBytes: 1e15,
    errors: 1e12,
    inProgress: 1e6,
  };
  const gone = { ...busy, connected: null };
  for (const columns of [80, 81, 120]) {
    for (const line of screen([much, gone, busy], { columns, rows: 24 }, plain, '12:34:56')) {
      t.ok(line.length <= columns, line);
      t.notOk(line.includes(escape), 'no name moves the cursor');
    }
  }
});

t.test('a low terminal shows what it has room for', async (t) => {
  const many = Array.from({ length: 50 }, () => busy);
  const lines = screen(many, { columns: 80, rows: 24 }, plain, '12:34:56');
  t.ok(lines.length <= 24);
  t.ok(lines.some((line) => line.startsWith('and 32 more')));
});

t.test('colours go with what is seen', async (t) => {
  const [row = ''] = rows([busy], 80, { isUnicode: false, hasColour: true });
  t.ok(row.startsWith(`${escape}[32m*${escape}[0m home`), row);
  t.ok(row.includes(`${escape}[31m      3${escape}[0m`), 'errors are red');
  t.notMatch(row.replaceAll(escape, ''), /[^\x20-\x7e]/, 'ASCII only');
});

const status: Status = {
  ...nothingCounted,
  ...{ version: '1', sharedDir: '/srv', tag: 'src', connected: true, logLevel: 'info' },
  uptimeSeconds: 10,
  opcodes: [{ opcode: 'READ', requests: 10, nanoseconds: 1, buckets: [10, 0, 0, 0] }],
};

t.test('rates are what happened between two looks', async (t) => {
  const share = new ShareSamples('/run/a');
  t.match(share.add(status, 0), { name: 'src', requests: 0, p50Ns: null });
  const later: Status = {
    ...status,
    uptimeSeconds: 12,
    readBytes: 4096,
    errors: [{ errno: 2, count: 6 }],
    opcodes: [{ opcode: 'READ', requests: 30, nanoseconds: 1, buckets: [10, 20, 0, 0] }],
  };
  t.match(share.add(later, 2000), {
    ...{ requests: 10, readBytes: 2048, errors: 3, p50Ns: 320, history: [0, 10] },
  });
});

t.test('a daemon that is gone, or was started again, has no rates', async (t) => {
  const share = new ShareSamples('/run/a');
  share.add(status, 0);
  t.match(share.add(null, 1000), { name: 'src', connected: null, requests: 0 });
  t.match(share.add(status, 2000), { connected: true, requests: 0 });
  t.match(share.add({ ...status, uptimeSeconds: 1, opcodes: [] }, 3000), { requests: 0 });
});
