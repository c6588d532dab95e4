// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { parseAuditLine } from '../../src/seccomp/audit-line.js';

const fields =
  'auid=4294967295 uid=0 gid=0 ses=4294967295 pid=9897 comm="vfsd-data-3" exe="/usr/bin/node" ' +
  'sig=0 arch=c000003e syscall=264 compat=0 ip=0x7f21bd91f829 code=0x7ffc0000';
const kernel = `audit: type=1326 audit(1796081385.491:2): ${fields}`;
const record = {
  thread: 'vfsd-data-3',
  program: '/usr/bin/node',
  pid: 9897,
  architecture: 0xc000003e,
  number: 264,
  outcome: 'logged',
};

t.test('in whatever form the line comes', async (t) => {
  const forms: readonly (readonly [string, string])[] = [
    ['dmesg', `[  779.787686] ${kernel}`],
    ['dmesg --time-format=iso', `2026-11-30T23:29:45,491000+00:00 ${kernel}`],
    ['journalctl -k', `Nov 30 23:29:45 host kernel: ${kernel}`],
    ['journalctl -k -o json', JSON.stringify({ MESSAGE: kernel, _TRANSPORT: 'kernel' })],
    ['bytes', JSON.stringify({ MESSAGE: [...Buffer.from(kernel)], _TRANSPORT: 'kernel' })],
    ['the journal of audit records', `Nov 30 23:29:45 host audit[9897]: SECCOMP ${fields}`],
    ['auditd', `type=SECCOMP msg=audit(1796081385.491:2): ${fields}`],
    [
      'auditd, with names',
      `type=SECCOMP msg=audit(1796081385.491:2): ${fields}\x1dARCH=x86_64 SYSCALL=renameat AUID="unset"`,
    ],
    ['syslog', `<5>Nov 30 23:29:45 host kernel: [  779.787686] ${kernel}`],
    ['a line with a carriage return', `${kernel}\r`],
  ];
  for (const [what, line] of forms) t.strictSame(parseAuditLine(line), record, what);
});

t.test('a piece of a line is enough', async (t) => {
  t.strictSame(parseAuditLine('arch=c00000b7 syscall=38'), {
    thread: null,
    program: null,
    pid: null,
    architecture: 0xc00000b7,
    number: 38,
    outcome: 'other',
  });
});

t.test('what became of the call', async (t) => {
  const outcomes: readonly (readonly [string, string])[] = [
    ['sig=31 code=0x80000000', 'killed'],
    ['sig=31 code=0x0', 'killed'],
    ['sig=31 code=0x30000', 'trapped'],
    ['sig=0 code=0x7ffc0000', 'logged'],
    ['sig=0 code=0x50001', 'other'],
    ['sig=0 code=0x0', 'other'],
    ['sig=0', 'other'],
  ];
  for (const [end, outcome] of outcomes) {
    t.equal(parseAuditLine(`type=1326 arch=c000003e syscall=1 ${end}`)?.outcome, outcome, end);
  }
});

t.test('names that are odd come in hexadecimal', async (t) => {
  const named = (comm: string) =>
    parseAuditLine(`type=1326 comm=${comm} arch=c000003e syscall=1`)?.thread;
  t.equal(named('"plain"'), 'plain');
  t.equal(named(Buffer.from('\x1b[31m "red"').toString('hex').toUpperCase()), '\x1b[31m "red"');
  t.equal(named('(null)'), null);
  t.equal(named('?'), null);
  t.equal(named('abc'), 'abc', 'not hexadecimal');
});

t.test('a name cannot say what the kernel did not', async (t) => {
  const comm = Buffer.from('x syscall=59').toString('hex').toUpperCase();
  const line = `type=1326 comm=${comm} arch=c000003e syscall=1 code=0x80000000 sig=31`;
  t.match(parseAuditLine(line), { number: 1, thread: 'x syscall=59' });
});

t.test('lines about other things are passed over', async (t) => {
  for (const line of [
    '',
    'Nov 30 23:29:45 host kernel: EXT4-fs (vda): mounted filesystem',
    'audit: type=1400 audit(1.1:1): apparmor="DENIED" operation="open" pid=1 comm="node"',
    'type=SYSCALL msg=audit(1.1:1): arch=c000003e success=yes exit=0',
    'audit: type=1326 audit(1.1:1): pid=1',
    'audit: type=1326 audit(1.1:1): arch=c000003e syscall=x',
    'audit: type=1326 audit(1.1:1): arch=xyz syscall=1',
    '{"MESSAGE":null}',
    '{"MESSAGE":7}',
    '{ no JSON',
    'syscall=1',
  ]) {
    t.equal(parseAuditLine(line), null, line);
  }
});
