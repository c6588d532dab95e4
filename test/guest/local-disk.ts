// SPDX-License-Identifier: Apache-2.0
//
// A local file system for a guest, to hold a share against: ext4 on a disk of its own.

import { execFileSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Guest } from './boot.js';

const size = 512 * 1024 * 1024;

/** Makes the disk's file, which takes only the room of what is in it. */
export async function makeDisk(directory: string): Promise<string> {
  const file = path.join(directory, 'disk');
  await writeFile(file, '');
  await truncate(file, size);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=1', file], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  return file;
}

export async function mountDisk(guest: Guest, directory: string): Promise<void> {
  await guest.load('virtio_blk');
  const { status, output } = await guest.run(
    `mkdir -p ${directory} && mount -t ext4 /dev/vda ${directory} && rmdir ${directory}/lost+found`,
  );
  if (status !== 0) throw new Error(`the guest cannot mount its disk: ${output}`);
}
