// SPDX-License-Identifier: Apache-2.0

// What the guest has been told is on the disk was asked of the host's disk: seen in the daemon's system calls, in each
// cache mode. And what it was told is written is there when vfsd has been ended in the middle of it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Op, root } from './guest.js';
import { processTree } from './process-tree.js';
import { connectMachine, openScene, startVfsd } from './scene.js';
import { hasStrace, traceCalls } from './strace.js';
import { u32, u64 } from './vhost-user-message.js';

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_DSYNC = 0o10000;
const O_SYNC = 0o4010000;
const skip = hasStrace && process.getuid?.() === 0 ? false : 'needs root and strace';
const syncs = ['fsync', 'fdatasync', 'syncfs', 'openat', 'openat2'];

for (const options of [
  ['--cache=never'],
  ['--cache=metadata'],
  ['--cache=auto'],
  ['--cache=always'],
  ['--cache=always', '--writeback'],
]) {
  t.test(
    `what is to be on the disk is asked of the host: ${options.join(' ')}`,
    { skip },
    async (t) => {
      const { guest, daemon } = await openScene(t, { options });
      const { node, handle } = guest.create(root, 'file', O_RDWR | O_CREAT);
      const directory = guest.opendir(root).handle;
      const worker = processTree(daemon.pid).at(-1) ?? 0;
      const calls = async (work: () => { status: string }) => {
        const made = await traceCalls([worker], syncs, () => {
          t.equal(work().status, 'OK');
        });
        return made.map(({ name, arguments: args, result }) =>
          name.startsWith('openat')
            ? `open ${/\bO_D?SYNC\b/.exec(args)?.[0] ?? ''}`
            : `${name} ${result}`,
        );
      };
      guest.write(node, handle, 0, 'content');
      t.same(await calls(() => guest.fsync(node, handle)), ['fsync 0'], 'FSYNC');
      t.same(await calls(() => guest.fsync(node, handle, true)), ['fdatasync 0'], 'of data only');
      t.same(await calls(() => guest.fsyncdir(root, directory)), ['fsync 0'], 'FSYNCDIR');
      t.match((await calls(() => guest.syncfs())).at(-1), 'syncfs 0', 'SYNCFS');
      t.same(await calls(() => guest.write(node, handle, 0, 'more')), [], 'a WRITE alone');
      for (const [flags, name] of [
        [O_SYNC, 'O_SYNC'],
        [O_DSYNC, 'O_DSYNC'],
      ] as const) {
        const opened = await calls(() => guest.open(node, O_RDWR | flags));
        t.same(opened, [`open ${name}`], `OPEN with ${name}`);
      }
      const created = await calls(() =>
        guest.create(root, 'synchronous', O_RDWR | O_CREAT | O_SYNC),
      );
      t.ok(created.includes('open O_SYNC'), 'CREATE with O_SYNC');
    },
  );
}

t.test('SIGTERM in the middle of writes loses nothing that was answered', async (t) => {
  const daemon = await startVfsd(t, { endsInTest: true });
  const machine = await connectMachine(t, daemon);
  const { guest } = machine;
  guest.init();
  const block = Buffer.alloc(4096);
  const files = Array.from({ length: 8 }, (_, n) => guest.create(root, `f${n}`, O_RDWR | O_CREAT));
  const answered: number[] = files.map(() => 0);
  const underWay: { file: number; block: number; head: number }[] = [];
  let next = 0;
  const send = () => {
    const file = next % files.length;
    const at = Math.floor(next / files.length);
    const { node, handle } = files[file] ?? { node: 0n, handle: 0n };
    block.fill(1 + (at % 255));
    const body = [u64(handle, at * block.length), u32(block.length, 0), u64(0), u32(0, 0), block];
    const head = guest.start(Op.WRITE, node, Buffer.concat(body), { room: 8 });
    underWay.push({ file, block: at, head });
    next += 1;
  };
  for (let n = 0; n < 16; n++) send();
  for (let turn = 0; turn < 20_000 && guest.queue.ring.wait(turn < 500 ? 1000 : 200); turn++) {
    const { head, length } = guest.queue.collect();
    const index = underWay.findIndex((write) => write.head === head);
    const [write] = underWay.splice(index, 1);
    if (write !== undefined && length === 24) {
      answered[write.file] = Math.max(answered[write.file] ?? 0, write.block + 1);
    }
    if (turn === 500) daemon.child.kill('SIGTERM');
    send();
  }
  t.match(await daemon.exited, { code: 0, signal: null }, 'it ends as told');
  t.ok(Math.max(...answered) > 50, `${Math.max(...answered)} blocks of each`);
  const { share } = daemon.workplace;
  t.same(
    readdirSync(share).sort(),
    files.map((_, n) => `f${n}`),
    'nothing is left beside what was made',
  );
  for (const [n, count] of answered.entries()) {
    const content = readFileSync(join(share, `f${n}`));
    const isWhole = Array.from({ length: count }, (_, at) => at).every((at) =>
      content.subarray(at * 4096, (at + 1) * 4096).equals(Buffer.alloc(4096, 1 + (at % 255))),
    );
    t.ok(isWhole, `${count} blocks of f${n} are there`);
  }
});
