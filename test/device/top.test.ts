// SPDX-License-Identifier: Apache-2.0

// `vfsd top` on a terminal: what it shows, and that it leaves the terminal as it was, whatever ends it.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { openScene } from './scene.js';
import { root } from './guest.js';
import { vfsdCommand } from './daemon.js';

/** Runs a command on a terminal of 80 columns until it has drawn, ends it in one way, and tells what was seen. */
const onTerminal = `
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios, time
command, how = sys.argv[2:], sys.argv[1]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(slave)
def own_terminal():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
seen, end, asked = b'', time.time() + 30, False
while time.time() < end:
    if select.select([master], [], [], 0.05)[0]:
        seen += os.read(master, 65536)
    if not asked and seen.count(b'\\x1b[H') > 1:
        asked = True
        raw = termios.tcgetattr(slave) != before
        os.write(master, how.encode()) if len(how) == 1 else child.send_signal(getattr(signal, how))
    if child.poll() is not None and not select.select([master], [], [], 0.2)[0]:
        break
else:
    child.kill()
print(json.dumps({'status': child.wait(), 'wasRaw': raw, 'isRestored': termios.tcgetattr(slave) == before,
                  'seen': seen.decode('utf-8', 'replace')}))
`;

interface Seen {
  readonly status: number;
  readonly wasRaw: boolean;
  readonly isRestored: boolean;
  readonly seen: string;
}

const alternateScreen = '\x1b[?1049h';
const ownScreen = '\x1b[?7h\x1b[?25h\x1b[?1049l';

t.test('the terminal is as it was, whatever ends it', async (t) => {
  const control = join(t.testdir({}), 'control');
  const options = [`--control-socket=${control}`, '--tag=example'];
  const { guest, daemon } = await openScene(t, { options });
  guest.getattr(root);
  for (const [how, status] of [
    ['q', 0],
    ['\x03', 0],
    ['SIGINT', 0],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const command = [vfsdCommand, 'top', control, '--interval=0.2'];
    const output = execFileSync('python3', ['-c', onTerminal, how, ...command], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', LC_ALL: 'C.UTF-8', NO_COLOR: '1' },
    });
    const { seen, ...ended } = JSON.parse(output) as Seen;
    const name = JSON.stringify(how);
    t.strictSame(ended, { status, wasRaw: true, isRestored: true }, name);
    t.ok(seen.startsWith(alternateScreen) && seen.endsWith(ownScreen), `the screen after ${name}`);
    t.match(seen, /example/, 'it shows the share');
    const widest = Math.max(...seen.split('\r\n').map((line) => visible(line).length));
    t.ok(widest <= 80, `no line is wider than the terminal (${widest})`);
  }
  t.notOk(daemon.hasExited);
});

function visible(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replaceAll('\r', '').replace(/\x1b\[[?0-9;]*[A-Za-z]/g, '');
}
