// SPDX-License-Identifier: Apache-2.0

/** Goes through a tree without calling itself: its depth is the guest's choice. */

import { ObjectPath } from './object-path.js';
import type { Fd } from '../native/types.js';
import { DirectoryChain } from './directory-chain.js';
import { about } from './host-failure.js';
import { readObject, type Layers, type TreeObject } from './tree-object.js';
import type { TreeAccess } from './tree-access.js';

export interface WalkOptions {
  readonly layers: Layers;
  /** Whether a name is left out. `isTop`: its directory is the tree, or where a file system is mounted in it. */
  readonly skips: (name: Buffer, isTop: boolean) => boolean;
  readonly crossesMounts: boolean;
  /** What cannot be looked at; the walk goes on with the next. Without it the walk ends with the error. */
  readonly onFailure?: (path: ObjectPath, error: unknown) => void;
  /** Told of each mount that is not entered; what is there is left out. */
  readonly onMount?: (path: ObjectPath) => void;
  /** Where the tree itself is, when it is a directory inside of a shared one and has its metadata there. */
  readonly rootPlace?: { readonly directory: Fd; readonly name: Buffer };
  /** Whether to look into a directory; into all of them without it. */
  readonly enters?: (directory: TreeObject) => boolean;
}

/** A step of the walk. Descriptors are closed when the next step is asked for. */
export interface Visit {
  /** `enter` comes before what is in a directory and `leave` behind it; anything else is `object` alone. */
  readonly phase: 'object' | 'enter' | 'leave';
  readonly object: TreeObject;
  /** The directory that the object's name is in; for the tree itself, the tree. */
  readonly directory: Fd;
  /** The number of the object in the order of the walk: the same for `enter` and `leave`. */
  readonly index: number;
  /** How many directories are above. */
  readonly depth: number;
  /** `enter` and `leave`: what is in the directory is on a mount of its own, the tree included. */
  readonly isTop: boolean;
}

interface Level {
  readonly object: TreeObject;
  readonly names: Iterator<Buffer>;
  readonly index: number;
  readonly mount: string;
  readonly isTop: boolean;
}

/** All objects of the tree that `root` refers to, each directory's in the order of their names. Closes `root`. */
export function* walkTree(access: TreeAccess, root: Fd, options: WalkOptions): Generator<Visit> {
  const chain = new DirectoryChain(access, root);
  try {
    yield* new Walk(access, chain, options).steps();
  } finally {
    chain.close();
  }
}

class Walk {
  readonly #access: TreeAccess;
  readonly #chain: DirectoryChain;
  readonly #options: WalkOptions;
  readonly #levels: Level[] = [];
  #count = 0;

  constructor(access: TreeAccess, chain: DirectoryChain, options: WalkOptions) {
    this.#access = access;
    this.#chain = chain;
    this.#options = options;
  }

  *steps(): Generator<Visit> {
    const { fd } = this.#chain;
    const { directory = fd, name = null } = this.#options.rootPlace ?? {};
    const place = { path: ObjectPath.tree, name, directory };
    const root = about('look at', place.path, () =>
      readObject(this.#access, fd, place, this.#options.layers),
    );
    const index = this.#count++;
    yield { phase: 'enter', object: root, directory, index, depth: 0, isTop: true };
    if (this.#options.enters?.(root) === false) return;
    this.#enter(root, index, this.#access.mountId(fd), true);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const next = level.names.next();
      if (next.done === true) yield* this.#leave(level);
      else yield* this.#visit(level, next.value);
    }
  }

  #enter(object: TreeObject, index: number, mount: string, isTop: boolean): void {
    const { skips } = this.#options;
    const names = about('list', object.path, () => this.#access.names(this.#chain.fd))
      .filter((name) => !skips(name, isTop))
      .values();
    this.#levels.push({ object, names, index, mount, isTop });
  }

  *#visit(level: Level, name: Buffer): Generator<Visit> {
    const directory = this.#chain.fd;
    const path = level.object.path.below(name);
    const fd = this.#attempt(path, () => this.#access.openObject(directory, name));
    if (fd === null) return;
    try {
      const place = { path, name, directory };
      const object = this.#attempt(path, () =>
        readObject(this.#access, fd, place, this.#options.layers),
      );
      if (object === null) return;
      const isDirectory = object.hostType === 'directory';
      const mount = isDirectory ? this.#access.mountId(fd) : level.mount;
      const isTop = mount !== level.mount;
      if (isTop && !this.#options.crossesMounts) {
        this.#options.onMount?.(path);
        return;
      }
      const index = this.#count++;
      const depth = this.#levels.length;
      const phase = isDirectory ? 'enter' : 'object';
      yield { phase, object, directory, index, depth, isTop };
      if (isDirectory && this.#options.enters?.(object) !== false) {
        this.#attempt(path, () => {
          this.#chain.descend(name, path);
          this.#list(object, index, mount, isTop);
        });
      }
    } finally {
      this.#access.close(fd);
    }
  }

  /** A directory that was opened and cannot be listed is left at once. */
  #list(object: TreeObject, index: number, mount: string, isTop: boolean): void {
    try {
      this.#enter(object, index, mount, isTop);
    } catch (error) {
      this.#access.close(this.#chain.ascend());
      throw error;
    }
  }

  *#leave({ object, index, isTop }: Level): Generator<Visit> {
    this.#levels.pop();
    const depth = this.#levels.length;
    if (depth === 0) {
      const { fd } = this.#chain;
      const directory = this.#options.rootPlace?.directory ?? fd;
      yield { phase: 'leave', object: { ...object, fd }, directory, index, depth, isTop };
      return;
    }
    const fd = this.#chain.ascend();
    try {
      const directory = this.#chain.fd;
      yield { phase: 'leave', object: { ...object, fd }, directory, index, depth, isTop };
    } finally {
      this.#access.close(fd);
    }
  }

  #attempt<T>(path: ObjectPath, work: () => T): T | null {
    try {
      return about('look at', path, work);
    } catch (error) {
      if (this.#options.onFailure === undefined) throw error;
      this.#options.onFailure(path, error);
      return null;
    }
  }
}
