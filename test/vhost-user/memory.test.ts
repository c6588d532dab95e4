// SPDX-License-Identifier: Apache-2.0

import t from 'tap';
import { Request } from '../../src/vhost-user/protocol.js';
import type { Fd, RingIndex } from '../../src/native/types.js';
import { FakeFrontEnd } from '../doubles/fake-front-end.js';
import {
  memoryTable,
  regionNumber,
  singleRegion,
  u64,
  vringState,
  type TestRegion,
} from '../doubles/payloads.js';
import { kick, startRing } from '../doubles/set-up.js';

async function connected(): Promise<FakeFrontEnd> {
  const frontEnd = new FakeFrontEnd();
  await frontEnd.negotiate();
  return frontEnd;
}

function newFds(frontEnd: FakeFrontEnd, count: number): Fd[] {
  return Array.from({ length: count }, () => frontEnd.newFd());
}

function regions(count: number): TestRegion[] {
  return Array.from({ length: count }, (_, n) => regionNumber(n));
}

t.test('a memory table reaches the device', async (t) => {
  const frontEnd = await connected();
  const fds = newFds(frontEnd, 2);
  const table = memoryTable([{ ...regionNumber(0), offset: 4096n }, regionNumber(1)]);
  t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, table, [...fds]), 0n);
  t.same(frontEnd.device.memory, [
    {
      guestAddress: 0n,
      frontendAddress: 0x7f00_0000_0000n,
      size: 1n << 20n,
      offset: 4096n,
      fd: fds[0],
    },
    {
      guestAddress: 1n << 20n,
      frontendAddress: 0x7f00_0010_0000n,
      size: 1n << 20n,
      offset: 0n,
      fd: fds[1],
    },
  ]);
  t.equal(
    await frontEnd.acknowledge(Request.SET_MEM_TABLE, memoryTable(regions(8)), newFds(frontEnd, 8)),
    0n,
    'eight regions replace the two',
  );
  t.equal(frontEnd.binding.openFds.size, 9, 'whose files are closed');
  await frontEnd.disconnect();
  t.equal(frontEnd.binding.openFds.size, 0);
  t.same(frontEnd.device.memory, [], 'nothing stays mapped');
});

t.test("user-mode Linux's table has room for eight regions", async (t) => {
  const frontEnd = await connected();
  const table = memoryTable(regions(2), { room: 8 });
  t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, table, newFds(frontEnd, 2)), 0n);
  t.equal(frontEnd.device.memory.length, 2);
  await frontEnd.disconnect();
});

t.test('bad tables leave the old one in force, and no descriptor behind', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_MEM_TABLE, memoryTable(regions(1)), {
    fds: newFds(frontEnd, 1),
  });
  const one = regionNumber(1);
  const bad: [string, Uint8Array, number][] = [
    ['nine regions', memoryTable(regions(9)), 8],
    ['a count beyond the payload', memoryTable(regions(1), { count: 2 }), 2],
    ['a huge count', memoryTable(regions(1), { count: 0xffff_ffff }), 1],
    ['no count', new Uint8Array(4), 0],
    ['too few descriptors', memoryTable(regions(2)), 1],
    ['too many descriptors', memoryTable(regions(2)), 3],
    ['an empty region', memoryTable([{ ...one, size: 0n }]), 1],
    ['a guest address that wraps', memoryTable([{ ...one, guest: 0xffff_ffff_ffff_f000n }]), 1],
    ['an address that wraps', memoryTable([{ ...one, frontend: 0xffff_ffff_ffff_f000n }]), 1],
    ['an offset that wraps', memoryTable([{ ...one, offset: 0xffff_ffff_ffff_f000n }]), 1],
    [
      'regions at one guest address',
      memoryTable([one, { ...regionNumber(2), guest: one.guest }]),
      2,
    ],
    [
      'regions at one address',
      memoryTable([one, { ...regionNumber(2), frontend: one.frontend }]),
      2,
    ],
  ];
  for (const [name, payload, count] of bad) {
    const fds = newFds(frontEnd, count);
    t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, payload, fds), 1n, name);
    t.equal(frontEnd.binding.openFds.size, 2, `${name}: descriptors`);
    t.equal(frontEnd.device.memory.length, 1, `${name}: memory`);
  }
  frontEnd.device.memoryAnswer = { errno: 12, code: 'ENOMEM', syscall: 'mmap' };
  const table = memoryTable(regions(2));
  t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, table, newFds(frontEnd, 2)), 1n);
  frontEnd.device.memoryAnswer = { refused: 'the file is shorter than the region' };
  t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, table, newFds(frontEnd, 2)), 1n);
  t.match(frontEnd.logger.at('warn').at(-1), /SET_MEM_TABLE.*file is shorter/);
  t.equal(frontEnd.binding.openFds.size, 2);
  await frontEnd.disconnect();
});

t.test('regions come and go one by one', async (t) => {
  const frontEnd = await connected();
  for (let n = 0; n < 4; n += 1) {
    const payload = singleRegion(regionNumber(n));
    t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, payload, newFds(frontEnd, 1)), 0n);
  }
  const fifth = singleRegion(regionNumber(5));
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, fifth, newFds(frontEnd, 1)), 1n, 'full');
  const first = singleRegion({ ...regionNumber(0), offset: 77n });
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, first), 0n, 'whatever the offset');
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, first), 1n, 'it is gone');
  const second = singleRegion(regionNumber(1));
  t.equal(
    await frontEnd.acknowledge(Request.REM_MEM_REG, second, newFds(frontEnd, 1)),
    0n,
    'a descriptor may come along',
  );
  t.equal(frontEnd.device.memory.length, 2);
  t.equal(frontEnd.binding.openFds.size, 3, 'and is closed');
  const again = singleRegion(regionNumber(2));
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, again, newFds(frontEnd, 1)), 1n, 'twice');
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, first), 1n, 'without a file');
  t.equal(
    await frontEnd.acknowledge(Request.ADD_MEM_REG, u64(0n), newFds(frontEnd, 1)),
    1n,
    'short',
  );
  t.equal(frontEnd.binding.openFds.size, 3);
  await frontEnd.disconnect();
  t.equal(frontEnd.binding.openFds.size, 0);
});

t.test('rings that run stop for a change of memory and go on where they were', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_MEM_TABLE, memoryTable(regions(1)), {
    fds: newFds(frontEnd, 1),
  });
  await startRing(frontEnd, 1, 10);
  await startRing(frontEnd, 2, 20);
  frontEnd.device.served = 5;
  frontEnd.device.calls.length = 0;
  const added = singleRegion(regionNumber(3));
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, added, newFds(frontEnd, 1)), 0n);
  t.same(frontEnd.device.calls, [
    ...['stopRing(1)', 'stopRing(2)', 'setMemory(2)', 'startRing(1)', 'startRing(2)'],
  ]);
  t.same(
    [...frontEnd.device.running.values()].map((ring) => ring.availableBase),
    [15, 25],
  );
  const table = memoryTable([{ ...regionNumber(0), size: 0n }]);
  t.equal(await frontEnd.acknowledge(Request.SET_MEM_TABLE, table, newFds(frontEnd, 1)), 1n);
  t.equal(frontEnd.device.running.size, 2, 'also when the change was refused');
  frontEnd.device.startAnswer = { refused: 'the ring lies in the region that went' };
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, added), 0n, 'the change counts');
  t.match(frontEnd.logger.at('warn').at(-1), /ring 2 waits for another change of memory/);
  await frontEnd.disconnect();
});

t.test('a ring goes on when the region that it lies in is replaced', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_MEM_TABLE, memoryTable(regions(2)), {
    fds: newFds(frontEnd, 2),
  });
  await startRing(frontEnd, 1, 10);
  frontEnd.device.served = 5;
  const replaced = singleRegion(regionNumber(0));
  frontEnd.device.startAnswer = { refused: 'the ring lies in the region that went' };
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, replaced), 0n);
  t.equal(frontEnd.device.running.size, 0);
  const other = singleRegion(regionNumber(5));
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, other, newFds(frontEnd, 1)), 0n);
  t.equal(frontEnd.logger.at('warn').length, 1, 'said once');
  frontEnd.device.startAnswer = undefined;
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, replaced, newFds(frontEnd, 1)), 0n);
  t.same(
    [...frontEnd.device.running.values()].map(({ index, availableBase }) => [index, availableBase]),
    [[1, 15]],
    'where it was',
  );
  await frontEnd.ask(Request.GET_VRING_BASE, vringState(1, 0));
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, other), 0n);
  t.equal(frontEnd.device.running.size, 0, 'a ring that was stopped stays so');
  await startRing(frontEnd, 1, 15);
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 0));
  t.equal(await frontEnd.acknowledge(Request.ADD_MEM_REG, other, newFds(frontEnd, 1)), 0n);
  t.equal(frontEnd.device.running.size, 0, 'and one that is disabled');
  await frontEnd.disconnect();
});

t.test('a broken ring is not started by a change of memory', async (t) => {
  const frontEnd = await connected();
  await frontEnd.send(Request.SET_MEM_TABLE, memoryTable(regions(1)), {
    fds: newFds(frontEnd, 1),
  });
  const added = singleRegion(regionNumber(3));
  await startRing(frontEnd, 1);
  await startRing(frontEnd, 2);
  frontEnd.session.ringBroken(1 as RingIndex, 'a loop');
  // The report about ring 2 was on its way when its stop began.
  let drained: () => void = () => undefined;
  frontEnd.device.drain = new Promise((resolve) => (drained = resolve));
  await frontEnd.send(Request.ADD_MEM_REG, added, { fds: newFds(frontEnd, 1) });
  frontEnd.session.ringBroken(2 as RingIndex, 'a loop');
  drained();
  await frontEnd.settle();
  t.equal(frontEnd.device.memory.length, 2, 'the change is made');
  t.equal(frontEnd.device.running.size, 0);
  t.equal(await frontEnd.acknowledge(Request.REM_MEM_REG, added), 0n);
  t.equal(frontEnd.device.running.size, 0, 'nor by the next one');
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 0));
  await frontEnd.send(Request.SET_VRING_ENABLE, vringState(1, 1));
  t.equal(frontEnd.device.running.size, 0, 'nor by enabling it again');
  await kick(frontEnd, 1);
  t.same([...frontEnd.device.running.keys()], [1], 'but by a new kick descriptor');
  await frontEnd.ask(Request.GET_VRING_BASE, vringState(2, 0));
  await startRing(frontEnd, 2);
  t.same([...frontEnd.device.running.keys()], [1, 2], 'or when it is set up anew');
  await frontEnd.disconnect();
});
