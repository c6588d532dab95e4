// SPDX-License-Identifier: Apache-2.0

import { ObjectPath } from './object-path.js';
import { about } from './host-failure.js';
import type { TreeAccess } from './tree-access.js';
import type { Fd } from '../native/types.js';
import { VfsdError } from '../errors.js';

/** Enough for any tree that people make, and few enough for any limit of open files. */
const keptOpen = 32;

interface Step {
  fd: Fd | null;
  readonly device: bigint;
  readonly inode: bigint;
  readonly path: ObjectPath;
}

const parent = Buffer.from('..');

/**
 * The directories from a tree down to where one is, however deep that is: only the last ones are open. On the way back
 * a directory is opened again as the parent of the one below, and has to be the one that it was.
 */
export class DirectoryChain {
  readonly #access: TreeAccess;
  readonly #steps: Step[] = [];

  /** Takes the descriptor over. */
  constructor(access: TreeAccess, root: Fd) {
    this.#access = access;
    this.#push(root, ObjectPath.tree);
  }

  get depth(): number {
    return this.#steps.length;
  }

  /** The directory where one is. */
  get fd(): Fd {
    const fd = this.#steps.at(-1)?.fd;
    if (fd === undefined || fd === null) throw new Error('the chain of directories has ended');
    return fd;
  }

  descend(name: Buffer, path: ObjectPath): void {
    this.#push(this.#access.openDirectory(this.fd, name), path);
    const old = this.#steps.at(-1 - keptOpen);
    if (old?.fd !== undefined && old.fd !== null) {
      this.#access.close(old.fd);
      old.fd = null;
    }
  }

  /** Gives the descriptor of the directory that is left to the caller. */
  ascend(): Fd {
    const { fd: left } = this;
    const above = this.#steps.at(-2);
    if (above?.fd === null) {
      about('come back to', above.path, () => {
        above.fd = this.#access.openDirectory(left, parent);
      });
      this.#assertSame(above);
    }
    this.#steps.pop();
    return left;
  }

  close(): void {
    for (const { fd } of this.#steps.splice(0)) {
      if (fd !== null) this.#access.close(fd);
    }
  }

  #push(fd: Fd, path: ObjectPath): void {
    const { dev, ino } = this.#access.status(fd);
    this.#steps.push({ fd, device: dev, inode: ino, path });
  }

  #assertSame({ fd, device, inode, path }: Step): void {
    const { dev, ino } = this.#access.status(fd ?? this.fd);
    if (dev === device && ino === inode) return;
    throw new VfsdError('VFSD_MAPPED_ACCESS', `come back to ${path.shown}`, {
      answer: 'the directory was moved meanwhile',
    });
  }
}
