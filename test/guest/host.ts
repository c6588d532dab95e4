// SPDX-License-Identifier: Apache-2.0
//
// What this host can do for a guest: its QEMU options, and the guest's images.

import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

import { projectRoot } from './daemon.js';

/** Debian's releases whose kernels guests are booted with, beside that of the host's release. */
export type Release = 'trixie' | 'sid';

export interface Image {
  readonly kernel: string;
  readonly initrd: string;
}

/** Of the scripts: what is wanted cannot be had here, as there is no network. */
const unavailable = 3;

let hardware: readonly string[] | undefined;
const images = new Map<Release | undefined, Image | string>();

/** The QEMU program and the options for this processor. */
export function guestHardware(): readonly string[] {
  hardware ??= ask('guest-hardware').trim().split('\n');
  return hardware;
}

export function guestConsole(): string {
  return process.arch === 'x64' ? 'ttyS0' : 'ttyAMA0';
}

export function guestImage(release?: Release): Image {
  const image = imageOrReason(release);
  if (typeof image === 'string') throw new Error(image);
  return image;
}

/** Why there is no guest with that release's kernel on this host; false when there is one. */
export function lacksKernel(release: Release): string | false {
  const image = imageOrReason(release);
  return typeof image === 'string' ? image : false;
}

function imageOrReason(release?: Release): Image | string {
  const image = images.get(release) ?? findImage(release);
  images.set(release, image);
  return image;
}

function findImage(release?: Release): Image | string {
  const words = ['--with-programs', ...(release === undefined ? [] : [`--release=${release}`])];
  const { status, stdout, stderr } = spawnSync(scriptNamed('guest-image'), words, {
    encoding: 'utf8',
  });
  if (status === unavailable && release !== undefined) return stderr.trim();
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
