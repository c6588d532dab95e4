// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { shownName } from './shown-name.js';

const separator = Buffer.from('/');

/**
 * Where an object is below a tree. A guest can make paths as long as it likes, one directory at a time, so it is put
 * together only where somebody wants to see it.
 */
export class ObjectPath {
  /** The tree itself. */
  static readonly tree = new ObjectPath(null, Buffer.alloc(0));

  readonly #parent: ObjectPath | null;
  readonly name: Buffer;
  /** Whether a name on the way begins with a dot. */
  readonly isHidden: boolean;
  #digest: Buffer | null = null;

  private constructor(parent: ObjectPath | null, name: Buffer) {
    this.#parent = parent;
    this.name = name;
    this.isHidden = parent?.isHidden === true || name[0] === 0x2e;
  }

  /** From a path to the first below the tree. */
  static *#upwards(from: ObjectPath): Generator<ObjectPath> {
    for (let path = from; path.#parent !== null; path = path.#parent) yield path;
  }

  below(name: Buffer): ObjectPath {
    return new ObjectPath(this, name);
  }

  get isTree(): boolean {
    return this.#parent === null;
  }

  get parent(): ObjectPath {
    return this.#parent ?? this;
  }

  /** The names from the tree down. */
  get names(): readonly Buffer[] {
    return [...ObjectPath.#upwards(this)].map(({ name }) => name).reverse();
  }

  /** Empty for the tree itself. */
  get bytes(): Buffer {
    return Buffer.concat(
      this.names.flatMap((name, index) => (index === 0 ? [name] : [separator, name])),
    );
  }

  /** For people; the tree itself is `.`. */
  get shown(): string {
    return this.isTree ? '.' : shownName(this.bytes);
  }

  /** Stands for the whole path, and is made from that of the directory. */
  get digest(): Buffer {
    const without: ObjectPath[] = [];
    let digest: Buffer = Buffer.alloc(0);
    for (const path of ObjectPath.#upwards(this)) {
      if (path.#digest !== null) {
        digest = path.#digest;
        break;
      }
      without.push(path);
    }
    for (const path of without.reverse()) {
      digest = createHash('sha256').update(digest).update(separator).update(path.name).digest();
      path.#digest = digest;
    }
    return digest;
  }
}
