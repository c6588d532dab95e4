// SPDX-License-Identifier: Apache-2.0
//
// What this host can do for a guest: its QEMU options, and the guest's images.

import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

import { projectRoot } from './daemon.js';

/** Debian's releases whose kernels guests are booted with, beside that of the host's release. */
export type Release = 'trixie' | 'sid';

/** Which of a release's kernels: Debian's cloud kernel has no 9p, the one for every machine has. */
export type Flavour = 'cloud' | 'generic';

export interface KernelChoice {
  /** Without it, the host's release. */
  readonly release?: Release | undefined;
  /** Without it, the cloud kernel. */
  readonly flavour?: Flavour | undefined;
}

export interface Image {
  readonly kernel: string;
  readonly initrd: string;
}

/** Of the scripts: what is wanted cannot be had here, as there is no network. */
const unavailable = 3;

let hardware: readonly string[] | undefined;
const images = new Map<string, Image | string>();

/** The QEMU program and the options for this processor. */
export function guestHardware(): readonly string[] {
  hardware ??= ask('guest-hardware').trim().split('\n');
  return hardware;
}

export function guestConsole(): string {
  return process.arch === 'x64' ? 'ttyS0' : 'ttyAMA0';
}

export function guestImage(choice: KernelChoice = {}): Image {
  const image = imageOrReason(choice);
  if (typeof image === 'string') throw new Error(image);
  return image;
}

/** Why there is no guest with that kernel on this host; false when there is one. */
export function lacksKernel(choice: KernelChoice): string | false {
  const image = imageOrReason(choice);
  return typeof image === 'string' ? image : false;
}

function imageOrReason(choice: KernelChoice): Image | string {
  const words = imageWords(choice);
  const key = words.join(' ');
  const image = images.get(key) ?? findImage(words, words.length > 0);
  images.set(key, image);
  return image;
}

function imageWords({ release, flavour }: KernelChoice): readonly string[] {
  return [
    ...(release === undefined ? [] : [`--release=${release}`]),
    ...(flavour === undefined ? [] : [`--kernel=${flavour}`]),
  ];
}

function findImage(words: readonly string[], mayBeUnavailable: boolean): Image | string {
  const { status, stdout, stderr } = spawnSync(
    scriptNamed('guest-image'),
    ['--with-programs', ...words],
    { encoding: 'utf8' },
  );
  if (status === unavailable && mayBeUnavailable) return stderr.trim();
  if (status !== 0) throw new Error(`guest-image ended with status ${status}: ${stderr}`);
  const directory = stdout.trim();
  return {
    kernel: path.join(directory, 'vmlinuz'),
    initrd: path.join(directory, 'test-initrd.img'),
  };
}

function ask(script: string, ...words: string[]): string {
  return execFileSync(scriptNamed(script), words, { encoding: 'utf8' });
}

function scriptNamed(name: string): string {
  return path.join(projectRoot, 'scripts', name);
}
