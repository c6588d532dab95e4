// SPDX-License-Identifier: Apache-2.0

// Options that change what the front-end or the guest is offered.

import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FrontEnd } from './front-end.js';
import { Op, root, terminated } from './guest.js';
import { openScene, startVfsd } from './scene.js';
import { Ask, Protocol, u32, Virtio } from './vhost-user-message.js';

const wanted = Virtio.VERSION_1 | Virtio.EVENT_IDX | Virtio.INDIRECT_DESC;
const configSize = 40;

/** GET_CONFIG's payload: offset, size, flags, then as many bytes. */
const configRequest = Buffer.concat([u32(0, configSize, 0), Buffer.alloc(configSize)]);

t.test('--tag puts the tag and the number of queues into the configuration', async (t) => {
  const daemon = await startVfsd(t, { options: ['--tag=my files', '--num-request-queues=3'] });
  const frontEnd = new FrontEnd(await daemon.connect());
  frontEnd.negotiate(wanted, Protocol.REPLY_ACK | Protocol.CONFIG | Protocol.MQ);
  t.not(frontEnd.protocolFeatures & Protocol.CONFIG, 0n, 'CONFIG is offered');
  const config = frontEnd.query(Ask.GET_CONFIG, configRequest).subarray(12);
  t.equal(config.length, configSize);
  t.equal(config.toString('utf8', 0, 36).replace(/\0+$/, ''), 'my files');
  t.equal(config.readUInt32LE(36), 3);
  frontEnd.close();
});

t.test('without --tag there is no configuration', async (t) => {
  const daemon = await startVfsd(t);
  const frontEnd = new FrontEnd(await daemon.connect());
  frontEnd.negotiate(wanted, Protocol.REPLY_ACK | Protocol.CONFIG);
  t.equal(frontEnd.protocolFeatures & Protocol.CONFIG, 0n);
  frontEnd.close();
});

t.test('without --xattr there are no extended attributes', async (t) => {
  const { guest, share } = await openScene(t);
  writeFileSync(join(share, 'file'), '');
  const { node } = guest.lookup(root, 'file');
  const get = Buffer.concat([u32(0, 0), terminated('user.name')]);
  t.equal(guest.request(Op.GETXATTR, node, get).status, 'ENOSYS');
  t.equal(guest.request(Op.LISTXATTR, node, u32(0, 0)).status, 'ENOSYS');
});

t.test('--socket-group lets a group in, and nobody else', async (t) => {
  const daemon = await startVfsd(t, { options: ['--socket-group=4'] });
  const { mode, gid } = statSync(daemon.workplace.socket);
  t.equal(mode & 0o777, 0o660);
  t.equal(gid, 4);
});
