// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { formatText, formatterFor, jsonFormatter, syslogFormatter } from '../../src/log/formats.js';
import type { LogRecord } from '../../src/log/record.js';
import { SocketSink } from '../../src/log/socket-sink.js';
import { FakeBinding } from '../doubles/fake-binding.js';

const context = { sharedDir: '/srv/a\nb', tag: 'src' };
const record: LogRecord = {
  level: 'warn',
  message: 'ring 1 is broken',
  fields: { ring: 1, durationMs: 7, errno: 5, reason: 'a\nMESSAGE=forged' },
};

t.test('text is a line for people', async (t) => {
  t.equal(formatText(record), 'vfsd: warning: ring 1 is broken\n');
});

t.test('JSON is an object in each line', async (t) => {
  const now = () => new Date(Date.UTC(2026, 10, 9, 8, 7, 6, 5));
  const line = jsonFormatter(context, now)(record);
  t.equal(line.split('\n').length, 2);
  t.same(JSON.parse(line), {
    time: '2026-11-09T08:07:06.005Z',
    level: 'warn',
    message: 'ring 1 is broken',
    sharedDir: '/srv/a\nb',
    tag: 'src',
    ...record.fields,
  });
  t.notMatch(jsonFormatter({ ...context, tag: null })(record), '"tag"');
});

t.test('the journal gets fields, and none that somebody slips in', async (t) => {
  const datagram = formatterFor('journal', context, 7)(record);
  t.same(datagram.split('\n'), [
    'MESSAGE=ring 1 is broken',
    'PRIORITY=4',
    'SYSLOG_IDENTIFIER=vfsd',
    'VFSD_SHARED_DIR=/srv/a\ufffdb',
    'VFSD_TAG=src',
    'VFSD_RING=1',
    'VFSD_DURATION_MS=7',
    'ERRNO=5',
    'VFSD_REASON=a\ufffdMESSAGE=forged',
    '',
  ]);
});

t.test('syslog gets what syslog(3) sends', async (t) => {
  const now = () => new Date(2026, 10, 9, 8, 7, 6);
  t.equal(syslogFormatter(42, now)(record), '<28>Nov  9 08:07:06 vfsd[42]: ring 1 is broken');
});

t.test('what a service does not take goes to stderr', async (t) => {
  const binding = new FakeBinding();
  const socket = binding.newSocket();
  const lines: string[] = [];
  const sink = new SocketSink(binding, socket, { write: (line) => lines.push(line) });
  sink.write('MESSAGE=a\nPRIORITY=6\n');
  t.same(lines, []);
  t.equal(binding.socket(socket).sent.length, 1);
  binding.socket(socket).sendFailure = { errno: 111, code: 'ECONNREFUSED', syscall: 'sendmsg' };
  sink.write('MESSAGE=b\nPRIORITY=6\n');
  t.same(lines, ['vfsd: MESSAGE=b PRIORITY=6\n']);
});
