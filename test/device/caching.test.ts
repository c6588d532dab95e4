// SPDX-License-Identifier: Apache-2.0

// For how long the guest may believe what it is told, and how it may open files.

import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Init, root } from './guest.js';
import { openScene } from './scene.js';

const O_RDONLY = 0;
const O_NOATIME = 0o1000000;
const directIo = 1; // FOPEN_DIRECT_IO
const keepCache = 2; // FOPEN_KEEP_CACHE
const parallelDirectWrites = 64; // FOPEN_PARALLEL_DIRECT_WRITES
const day = 86400;

interface Timeouts {
  readonly entry: number;
  readonly attributes: number;
  /** Null: a failed lookup is an error. */
  readonly negative: number | null;
}

async function timeouts(t: Test, options: readonly string[]): Promise<Timeouts> {
  const { guest, share } = await openScene(t, { options });
  writeFileSync(join(share, 'file'), '');
  const entry = guest.lookup(root, 'file').payload;
  const missing = guest.lookup(root, 'missing');
  const seconds = (bytes: Buffer, at: number, nanosecondsAt: number) =>
    Number(bytes.readBigUInt64LE(at)) + bytes.readUInt32LE(nanosecondsAt) / 1e9;
  t.equal(guest.getattr(root).payload.readBigUInt64LE(0), entry.readBigUInt64LE(24));
  return {
    entry: seconds(entry, 16, 32),
    attributes: seconds(entry, 24, 36),
    negative:
      missing.status === 'OK' && missing.node === 0n ? seconds(missing.payload, 16, 32) : null,
  };
}

t.test('each mode has times of its own', async (t) => {
  const expected: Record<string, Timeouts> = {
    never: { entry: 0, attributes: 0, negative: null },
    metadata: { entry: day, attributes: day, negative: null },
    auto: { entry: 1, attributes: 1, negative: null },
    always: { entry: day, attributes: day, negative: day },
  };
  for (const [mode, times] of Object.entries(expected)) {
    t.strictSame(await timeouts(t, [`--cache=${mode}`]), times, mode);
  }
});

t.test('options set each of them', async (t) => {
  const options = ['--entry-timeout=2.5', '--attr-timeout=0', '--negative-timeout=0.25'];
  t.strictSame(await timeouts(t, options), { entry: 2.5, attributes: 0, negative: 0.25 });
});

t.test('the way a file is opened follows from the mode', async (t) => {
  const expected: Record<string, number> = {
    never: directIo | parallelDirectWrites,
    metadata: directIo | parallelDirectWrites,
    auto: parallelDirectWrites,
    always: keepCache | parallelDirectWrites,
  };
  const mask = directIo | keepCache | parallelDirectWrites;
  for (const [mode, flags] of Object.entries(expected)) {
    const { guest, share } = await openScene(t, { options: [`--cache=${mode}`] });
    writeFileSync(join(share, 'file'), '');
    const { payload } = guest.open(guest.lookup(root, 'file').node, O_RDONLY);
    t.equal(payload.readUInt32LE(8) & mask, flags, mode);
  }
  const { guest, share } = await openScene(t, { options: ['--writeback'] });
  writeFileSync(join(share, 'file'), '');
  const { payload } = guest.open(guest.lookup(root, 'file').node, O_RDONLY);
  t.equal(payload.readUInt32LE(8) & mask, 0, 'with write-back the guest orders writes');
});

t.test('--allow-mmap lets files be mapped that are not cached', async (t) => {
  const { guest } = await openScene(t, { options: ['--cache=never', '--allow-mmap'] });
  t.not(guest.agreed & Init.DIRECT_IO_ALLOW_MMAP, 0n);
});

/** Whether reading a file with these flags moves its access time. */
async function readMovesAtime(t: Test, options: readonly string[], flags: number) {
  const { guest, share } = await openScene(t, { options });
  const file = join(share, 'file');
  writeFileSync(file, 'content');
  const longAgo = 1_000_000;
  utimesSync(file, longAgo, longAgo);
  const { node } = guest.lookup(root, 'file');
  const { handle } = guest.open(node, flags);
  t.equal(guest.read(node, handle, 0, 7).text, 'content');
  return statSync(file).atimeMs !== longAgo * 1000;
}

t.test('O_NOATIME is kept when that was asked for', async (t) => {
  t.equal(await readMovesAtime(t, [], O_RDONLY), true, 'an ordinary read moves it');
  t.equal(await readMovesAtime(t, [], O_NOATIME), true, 'the flag is not passed on by itself');
  t.equal(await readMovesAtime(t, ['--preserve-noatime'], O_NOATIME), false);
  t.equal(await readMovesAtime(t, ['--preserve-noatime'], O_RDONLY), true);
});

t.test('with --readonly access times stay, in every sandbox', async (t) => {
  for (const sandbox of ['namespace', 'chroot', 'none']) {
    const skip = sandbox === 'chroot' && process.getuid?.() !== 0;
    if (skip) continue;
    const options = ['--readonly', `--sandbox=${sandbox}`];
    t.equal(await readMovesAtime(t, options, O_RDONLY), false, sandbox);
  }
});
