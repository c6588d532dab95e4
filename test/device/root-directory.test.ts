// SPDX-License-Identifier: Apache-2.0

// The host's root directory can be shared as any other.

import { statSync } from 'node:fs';
import t from 'tap';
import { DaemonProcess, vfsdCommand, Workplace } from './daemon.js';
import { root } from './guest.js';
import { connectMachine } from './scene.js';

t.test('the root directory is shared, without the processes of the host', async (t) => {
  const workplace = new Workplace();
  const options = ['--shared-dir=/', `--socket-path=${workplace.socket}`, '--readonly'];
  const daemon = new DaemonProcess(workplace, { command: [vfsdCommand, ...options] });
  t.teardown(() => daemon.dispose());
  await daemon.ready();
  const { guest } = await connectMachine(t, daemon);
  t.equal(guest.init().status, 'OK');
  const { ino } = statSync('/etc', { bigint: true });
  t.equal(guest.lookup(root, 'etc').entry.attributes.ino, ino);
  t.equal(guest.lookup(root, 'proc').status, 'EACCES');
  t.equal(guest.mkdir(root, 'vfsd was here').status, 'EROFS');
});
