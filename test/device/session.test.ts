// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from 'node:fs';
import t from 'tap';
import { Op, root } from './guest.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import { u32, u64 } from './vhost-user-message.js';

const FUSE_ATOMIC_O_TRUNC = 1 << 3;
const FUSE_DO_READDIRPLUS = 1 << 13;
const FUSE_INIT_EXT = 1 << 30;

const daemon = await startVfsd(t, {
  furnish: (share) => {
    writeFileSync(`${share}/file`, 'content');
  },
});

t.test('INIT speaks every version from 7.31 to 7.45', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  for (let minor = 31; minor <= 45; minor++) {
    const { status, payload } = guest.init(minor);
    t.equal(status, 'OK', `7.${minor}`);
    t.equal(payload.length, 64);
    t.strictSame([payload.readUInt32LE(0), payload.readUInt32LE(4)], [7, minor]);
    t.equal(payload.readUInt32LE(20), 1 << 20, 'max_write');
    t.equal(payload.readUInt32LE(24), 1, 'time_gran');
    t.equal(payload.readUInt16LE(28), 256, 'max_pages');
    t.equal(guest.lookup(root, 'file').status, 'OK');
  }
});

t.test('INIT settles for what both sides can do', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  const newer = guest.init(99).payload;
  t.ok(newer.readUInt32LE(4) >= 45, 'with a newer minor');
  t.equal(guest.init(12).status, 'EPROTO', 'not with one that has no virtio-fs');
  t.equal(guest.init(38, 0, 0, 6).status, 'EPROTO');
  const major = guest.init(0, 0, 0, 8);
  t.equal(major.status, 'OK', 'a newer major learns ours');
  t.equal(major.payload.readUInt32LE(0), 7);
});

t.test('INIT grants no flag that was not asked for', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  t.equal(guest.init(38, 0, 0).payload.readUInt32LE(12), 0);
  const some = FUSE_ATOMIC_O_TRUNC | FUSE_DO_READDIRPLUS;
  t.equal(guest.init(38, some, 0).payload.readUInt32LE(12) & ~some, 0);
  const extended = guest.init(38, FUSE_INIT_EXT, 0).payload;
  t.equal(extended.readUInt32LE(12), FUSE_INIT_EXT);
  const plain = guest.init(38, ~FUSE_INIT_EXT, 0xffffffff).payload;
  t.equal(plain.readUInt32LE(32), 0, 'flags2 counts only with INIT_EXT');
});

t.test('nothing is served before INIT', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  t.equal(guest.getattr(root).status, 'ENOTCONN');
  t.equal(guest.lookup(root, 'file').status, 'ENOTCONN');
  guest.forget(root, 1);
  t.equal(guest.init().status, 'OK');
  stillServes(t, guest, 'INIT');
});

t.test('DESTROY ends the session, and INIT begins another', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  guest.init();
  const { node } = guest.lookup(root, 'file');
  const { handle } = guest.open(node, 0);
  t.equal(guest.destroy().status, 'OK');
  t.equal(guest.getattr(root).status, 'ENOTCONN');
  guest.init();
  t.equal(guest.getattr(node).status, 'ESTALE', 'nodes are forgotten');
  t.equal(guest.read(node, handle, 0, 10).status.length > 2, true, 'handles too');
  t.equal(guest.lookup(root, 'file').status, 'OK');
});

t.test('INIT without DESTROY is a new session, as after a crash of the guest', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  guest.init();
  const { node } = guest.lookup(root, 'file');
  t.equal(guest.init().status, 'OK');
  t.equal(guest.getattr(node).status, 'ESTALE');
  stillServes(t, guest, 'the second INIT');
});

t.test('INTERRUPT gets no reply and disturbs nobody', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  guest.init();
  t.equal(guest.notify(Op.INTERRUPT, 0n, u64(2)), 0);
  t.equal(guest.request(Op.GETATTR, root, u64(0, 0)).status, 'OK');
  guest.queue.submit([guest.header(Op.INTERRUPT, 0n, 8), u64(4)], [16, 100]);
  t.equal(guest.queue.collect().length, 0, 'also where there is room for one');
  stillServes(t, guest, 'INTERRUPT');
});

t.test('every opcode that vfsd does not have is ENOSYS', async (t) => {
  const { guest } = await connectMachine(t, daemon);
  guest.init();
  const known = new Set<number>(Object.values(Op));
  for (let opcode = 0; opcode < 70; opcode++) {
    if (known.has(opcode)) continue;
    t.equal(guest.request(opcode, root, Buffer.alloc(128)).status, 'ENOSYS', `opcode ${opcode}`);
  }
  for (const opcode of [4096, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff]) {
    t.equal(guest.request(opcode, root, u32()).status, 'ENOSYS', `opcode ${opcode}`);
  }
  stillServes(t, guest, 'unknown opcodes');
});
