// SPDX-License-Identifier: Apache-2.0

// What a front-end can send that it should not: it is refused or cut off, and the next front-end is served.

import { execPath } from 'node:process';
import { openSync, closeSync } from 'node:fs';
import t, { type Test } from 'tap';
import { FrontEnd } from './front-end.js';
import { native, type MemoryRegion } from './native.js';
import { openFiles, processTree } from './process-tree.js';
import { connectMachine, startVfsd, stillServes } from './scene.js';
import {
  Ask,
  encodeMemoryTable,
  encodeMessage,
  encodeSingleRegion,
  Protocol,
  u32,
  u64,
  Virtio,
} from './vhost-user-message.js';

const MiB = 1 << 20;
const daemon = await startVfsd(t);
const worker = processTree(daemon.pid).at(-1) ?? 0;

/** A connection that has agreed on the features, and nothing else. */
async function negotiated(): Promise<FrontEnd> {
  const frontEnd = new FrontEnd(await daemon.connect());
  frontEnd.negotiate(
    Virtio.VERSION_1 | Virtio.EVENT_IDX | Virtio.INDIRECT_DESC,
    Protocol.REPLY_ACK | Protocol.MQ | Protocol.CONFIGURE_MEM_SLOTS | Protocol.RESET_DEVICE,
  );
  return frontEnd;
}

async function nextIsServed(t: Test, after: string): Promise<void> {
  const machine = await connectMachine(t, daemon);
  machine.guest.init();
  stillServes(t, machine.guest, after);
  machine.close();
}

t.test('a header that is none ends the connection', async (t) => {
  const headers: readonly [string, Buffer][] = [
    ['version 0', u32(Ask.GET_FEATURES, 0, 0)],
    ['version 2', u32(Ask.GET_FEATURES, 2, 0)],
    ['a reply', u32(Ask.GET_FEATURES, 5, 0)],
    ['a length of 4 GiB', u32(Ask.GET_FEATURES, 1, 0xffffffff)],
    ['a length of 1 MiB', u32(Ask.SET_MEM_TABLE, 1, MiB)],
    ['noise', Buffer.alloc(64, 0xff)],
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ];
  for (const [what, bytes] of headers) {
    const frontEnd = new FrontEnd(await daemon.connect());
    frontEnd.sendRaw(bytes);
    t.ok(frontEnd.isDisconnected(), what);
    frontEnd.close();
    await nextIsServed(t, what);
  }
});

t.test(
  'every request of every length is refused or served, and never ends the daemon',
  async (t) => {
    for (let request = 0; request <= 50; request++) {
      for (const length of [0, 1, 7, 8, 9, 39, 40, 41, 264, 4096]) {
        const frontEnd = await negotiated();
        const outcome = frontEnd.attempt(request, Buffer.alloc(length, 0xff));
        if (outcome === 'done') {
          const harmless: number[] = [Ask.SET_OWNER, Ask.RESET_OWNER, Ask.RESET_DEVICE];
          t.ok(harmless.includes(request), `request ${request} of ${length} bytes`);
        }
        frontEnd.close();
      }
    }
    await nextIsServed(t, 'all lengths');
  },
);

t.test('rings are named and sized within bounds', async (t) => {
  const memory = new native.GuestMemory();
  memory.add(0, MiB);
  const layout = { size: 1, descriptors: 0, available: 64, used: 128, eventIdx: false };
  const eventfd = new native.DriverRing(memory, { ...layout, startIndex: 0 }).kickFd;
  const bad: readonly [string, number, Buffer, number[]][] = [
    ['SET_VRING_NUM of ring 9', Ask.SET_VRING_NUM, u32(9, 128), []],
    ['SET_VRING_NUM of ring 4 billion', Ask.SET_VRING_NUM, u32(0xffffffff, 128), []],
    ['a ring of none', Ask.SET_VRING_NUM, u32(1, 0), []],
    ['a ring of three', Ask.SET_VRING_NUM, u32(1, 3), []],
    ['a ring of 2048', Ask.SET_VRING_NUM, u32(1, 2048), []],
    ['a ring of 65535', Ask.SET_VRING_NUM, u32(1, 65535), []],
    ['a ring of 2^31', Ask.SET_VRING_NUM, u32(1, 0x80000000), []],
    ['SET_VRING_BASE of ring 300', Ask.SET_VRING_BASE, u32(300, 0), []],
    ['a base of 65536', Ask.SET_VRING_BASE, u32(1, 65536), []],
    ['SET_VRING_ENABLE 2', Ask.SET_VRING_ENABLE, u32(1, 2), []],
    ['SET_VRING_ENABLE of ring 300', Ask.SET_VRING_ENABLE, u32(300, 1), []],
    [
      'an address of ring 300',
      Ask.SET_VRING_ADDR,
      Buffer.concat([u32(300, 0), u64(0, 0, 0, 0)]),
      [],
    ],
    ['the dirty log', Ask.SET_VRING_ADDR, Buffer.concat([u32(1, 1), u64(0, 0, 0, 0)]), []],
    ['SET_VRING_KICK of ring 200', Ask.SET_VRING_KICK, u64(200), [eventfd]],
    ['SET_VRING_KICK with no descriptor', Ask.SET_VRING_KICK, u64(1), []],
    ['SET_VRING_KICK to be polled', Ask.SET_VRING_KICK, u64(0x101), []],
    ['SET_VRING_KICK with two', Ask.SET_VRING_KICK, u64(1), [eventfd, eventfd]],
    ['SET_VRING_CALL with unknown bits', Ask.SET_VRING_CALL, u64(1n << 40n), [eventfd]],
    ['features that were not offered', Ask.SET_FEATURES, u64(1n << 63n), []],
    ['protocol features that were not', Ask.SET_PROTOCOL_FEATURES, u64(1n << 20n), []],
    ['SET_LOG_BASE', Ask.SET_LOG_BASE, u64(4096, 0), [eventfd]],
    ['SET_INFLIGHT_FD', Ask.SET_INFLIGHT_FD, Buffer.alloc(24), [eventfd]],
  ];
  for (const [what, request, payload, fds] of bad) {
    const frontEnd = await negotiated();
    t.not(frontEnd.attempt(request, payload, fds), 'done', what);
    frontEnd.close();
  }
  await nextIsServed(t, 'bad rings');
});

/** struct vhost_user_inflight. */
function inflight(size: number | bigint, offset: number | bigint, queues: number, entries: number) {
  return Buffer.concat([u64(size, offset), u32((queues | (entries << 16)) >>> 0)]);
}

// CVE-2018-1059, CVE-2020-10722 and those after it, CVE-2021-3839
t.test('logs and inflight regions of absurd sizes lead nowhere', async (t) => {
  const fd = native.memfd(4096);
  const most = 2n ** 64n - 1n;
  const absurd: readonly [string, number, Buffer, number[]][] = [
    ['no queues', Ask.SET_INFLIGHT_FD, inflight(4096, 0, 0, 128), [fd]],
    ['65535 queues', Ask.SET_INFLIGHT_FD, inflight(4096, 0, 65535, 65535), [fd]],
    ['a size beyond the file', Ask.SET_INFLIGHT_FD, inflight(most, 0, 2, 128), [fd]],
    ['an offset beyond it', Ask.SET_INFLIGHT_FD, inflight(4096, most - 1n, 2, 128), [fd]],
    ['no descriptor', Ask.SET_INFLIGHT_FD, inflight(4096, 0, 2, 128), []],
    ['to be made, for 65535 queues', Ask.GET_INFLIGHT_FD, inflight(0, 0, 65535, 65535), []],
    ['to be made, for none', Ask.GET_INFLIGHT_FD, inflight(0, 0, 0, 0), []],
    ['a log of all memory', Ask.SET_LOG_BASE, u64(most, 0), [fd]],
    ['a log behind its file', Ask.SET_LOG_BASE, u64(4096, most - 4095n), [fd]],
    ['a log of nothing', Ask.SET_LOG_BASE, u64(0, 0), [fd]],
    ['a log without a descriptor', Ask.SET_LOG_BASE, u64(4096, 0), []],
    ['a log’s eventfd that is a file', Ask.SET_LOG_FD, u32(), [fd]],
  ];
  for (const [what, request, payload, fds] of absurd) {
    const frontEnd = await negotiated();
    t.not(frontEnd.attempt(request, payload, fds), 'done', what);
    frontEnd.close();
    await nextIsServed(t, what);
  }
  native.closeFd(fd);
});

// CVE-2026-16457
t.test('a packed ring is not offered, and cannot be had', async (t) => {
  const frontEnd = new FrontEnd(await daemon.connect());
  const offered = frontEnd.query(Ask.GET_FEATURES).readBigUInt64LE(0);
  t.equal(offered & (1n << 34n), 0n, 'VIRTIO_F_RING_PACKED');
  t.not(frontEnd.attempt(Ask.SET_FEATURES, u64(offered | (1n << 34n))), 'done');
  frontEnd.close();
  await nextIsServed(t, 'a packed ring');
});

t.test('memory tables that are wrong are refused', async (t) => {
  const fd = native.memfd(MiB);
  const region = (guestAddress: number, size: number, at: number): MemoryRegion => ({
    guestAddress,
    size,
    frontendAddress: BigInt(at),
    fd,
  });
  const single = (r: MemoryRegion, offset = 0n) =>
    Buffer.concat([u64(0), u64(r.guestAddress, r.size, r.frontendAddress, offset)]);
  const good = region(0, MiB, 0x10000000);
  const bad: readonly [string, number, Buffer, number][] = [
    ['a count of nine', Ask.SET_MEM_TABLE, Buffer.concat([u32(9, 0), Buffer.alloc(9 * 32)]), 1],
    [
      'a count of 4 billion',
      Ask.SET_MEM_TABLE,
      Buffer.concat([u32(0xffffffff, 0), Buffer.alloc(64)]),
      1,
    ],
    ['a count beyond the payload', Ask.SET_MEM_TABLE, u32(1, 0), 1],
    ['no descriptor', Ask.SET_MEM_TABLE, encodeMemoryTable([good]), 0],
    ['two descriptors for one region', Ask.SET_MEM_TABLE, encodeMemoryTable([good]), 2],
    ['a region of no bytes', Ask.SET_MEM_TABLE, encodeMemoryTable([region(0, 0, 4096)]), 1],
    [
      'a region larger than its file',
      Ask.SET_MEM_TABLE,
      encodeMemoryTable([region(0, 2 * MiB, 4096)]),
      1,
    ],
    ['a region of 2^52 bytes', Ask.SET_MEM_TABLE, encodeMemoryTable([region(0, 2 ** 52, 4096)]), 1],
    [
      'regions that overlap for the guest',
      Ask.SET_MEM_TABLE,
      encodeMemoryTable([good, region(MiB - 4096, MiB, 0x40000000)]),
      2,
    ],
    [
      'regions that overlap for the front-end',
      Ask.SET_MEM_TABLE,
      encodeMemoryTable([good, region(4 * MiB, MiB, 0x10000000)]),
      2,
    ],
    ['an offset beyond the file', Ask.ADD_MEM_REG, single(good, BigInt(MiB)), 1],
    ['an offset that wraps around', Ask.ADD_MEM_REG, single(good, 2n ** 64n - 4096n), 1],
    ['ADD_MEM_REG without a descriptor', Ask.ADD_MEM_REG, encodeSingleRegion(good), 0],
    ['REM_MEM_REG of nothing', Ask.REM_MEM_REG, encodeSingleRegion(good), 0],
  ];
  for (const [what, request, payload, fds] of bad) {
    const frontEnd = await negotiated();
    const list = Array.from({ length: fds }, () => fd);
    t.not(frontEnd.attempt(request, payload, list), 'done', what);
    frontEnd.close();
  }
  native.closeFd(fd);
  await nextIsServed(t, 'bad memory');
});

t.test('memory that is a directory, a socket or a device is refused', async (t) => {
  const region: MemoryRegion = { guestAddress: 0, size: 4096, frontendAddress: 4096n, fd: 0 };
  for (const path of ['/', '/dev/null', '/proc/self/status', execPath]) {
    const frontEnd = await negotiated();
    const fd = openSync(path, 'r');
    t.not(frontEnd.attempt(Ask.ADD_MEM_REG, encodeSingleRegion(region), [fd]), 'done', path);
    closeSync(fd);
    frontEnd.close();
  }
  await nextIsServed(t, 'odd memory');
});

t.test('a ring outside of memory does not start', async (t) => {
  const machine = await connectMachine(t, daemon, { start: false });
  machine.frontEnd.setMemory(machine.regions);
  const inside = machine.frontEndAddress(0);
  const end = inside + BigInt(32 * MiB);
  const places: readonly [string, bigint][] = [
    ['outside', 4096n],
    ['at the very end', end - 16n],
    ['behind the end', end],
    ['at the end of the address space', 2n ** 64n - 16n],
    ['misaligned', inside + 1n],
  ];
  for (const [what, place] of places) {
    const good = { descriptors: inside, available: inside + 0x4000n, used: inside + 0x8000n };
    for (const part of ['descriptors', 'available', 'used'] as const) {
      t.throws(() => {
        machine.frontEnd.startRing(1, 128, 0, { ...good, [part]: place }, machine.queue(1).ring);
      }, `${part} ${what}`);
      machine.frontEnd.stopRing(1);
    }
  }
  machine.start();
  machine.guest.init();
  stillServes(t, machine.guest, 'the ring at its right place');
  machine.close();
});

t.test('descriptors that nobody asked for are closed', async (t) => {
  const count = async () => {
    const frontEnd = await negotiated();
    const { size } = openFiles(worker);
    frontEnd.close();
    return size;
  };
  const before = await count();
  const fd = native.memfd(4096);
  for (const passed of [0, 1, 2, 7, 8, 9, 64, 253]) {
    for (const [request, payload] of [
      [Ask.GET_FEATURES, u32()],
      [Ask.SET_OWNER, u32()],
      [Ask.SET_VRING_NUM, u32(1, 128)],
      [Ask.SET_VRING_CALL, u64(0x101)],
      [Ask.SET_MEM_TABLE, u32(0, 0)],
      [Ask.REM_MEM_REG, Buffer.alloc(40)],
      [99, u32()],
    ] as const) {
      const frontEnd = await negotiated();
      frontEnd.sendRaw(
        encodeMessage(request, payload),
        Array.from({ length: passed }, () => fd),
      );
      frontEnd.close();
    }
  }
  native.closeFd(fd);
  t.equal(await count(), before);
  await nextIsServed(t, 'too many descriptors');
});

t.test('rings in the wrong order and garbage in a row are survived', async (t) => {
  // A small generator with a fixed seed: the same garbage in every run.
  let state = 12345;
  const random = (limit: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  };
  const fd = native.memfd(MiB);
  for (let round = 0; round < 100; round++) {
    const frontEnd = await negotiated();
    for (let i = 0; i < 10; i++) {
      const payload = u32(random(12), random(4) === 0 ? 0xffffffff : random(300), random(10), 0);
      const length = [0, 8, 16, 40][random(4)] ?? 0;
      const message = encodeMessage(1 + random(45), Buffer.alloc(length, payload));
      if (!frontEnd.sendRaw(message, random(3) === 0 ? [fd] : [])) break;
    }
    frontEnd.close();
  }
  native.closeFd(fd);
  await nextIsServed(t, 'garbage');
});
