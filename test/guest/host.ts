// SPDX-License-Identifier: Apache-2.0
//
// What this host can do for a guest: its QEMU options, and the guest's image.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { projectRoot } from './daemon.js';

export interface Host {
  /** The QEMU program and the options for this processor. */
  readonly hardware: readonly string[];
  readonly console: string;
  readonly kernel: string;
  readonly initrd: string;
}

let found: Host | undefined;

export function thisHost(): Host {
  found ??= findHost();
  return found;
}

function findHost(): Host {
  const image = ask('guest-image', '--with-programs').trim();
  return {
    hardware: ask('guest-hardware').trim().split('\n'),
    console: process.arch === 'x64' ? 'ttyS0' : 'ttyAMA0',
    kernel: path.join(image, 'vmlinuz'),
    initrd: path.join(image, 'test-initrd.img'),
  };
}

function ask(script: string, ...words: string[]): string {
  return execFileSync(path.join(projectRoot, 'scripts', script), words, { encoding: 'utf8' });
}
