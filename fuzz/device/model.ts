// SPDX-License-Identifier: Apache-2.0

/** What the guest's part of the share has to look like: the memory that answers are compared with. */

import type { Random } from '../random.js';

export type Kind = 'file' | 'directory' | 'symlink' | 'fifo';

export interface OpenHandle {
  readonly handle: bigint;
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

export interface Place {
  readonly directory: ModelNode;
  readonly name: string;
}

export class ModelNode {
  readonly kind: Kind;
  mode: number;
  uid = 0;
  gid = 0;
  content: Buffer = Buffer.alloc(0);
  target = '';
  readonly xattrs = new Map<string, Buffer>();
  /** Of a directory. */
  readonly entries = new Map<string, ModelNode>();
  /** Where it is found: several places for a file with hard links, none for what has been removed. */
  places: Place[] = [];
  /** Its nodeid in this session; null while the guest does not know it. */
  node: bigint | null = null;
  lookups = 0;
  handles: OpenHandle[] = [];

  constructor(kind: Kind, mode: number) {
    this.kind = kind;
    this.mode = mode;
  }

  /** True when `other` is this directory or lies below it. */
  contains(other: ModelNode): boolean {
    if (other === this) return true;
    return other.places.some(({ directory }) => this.contains(directory));
  }
}

/** Few, so that requests meet each other; some of them are hard on whoever handles names. */
const names = [
  ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'file', 'directory', 'A', '...', ' ', '-n', '\n'],
  ...['näme', '名前', 'x'.repeat(255), '\u{1f600}'.repeat(63), 'a\\b', '%s%n', '*', '~', '\x7f'],
];

export class Model {
  readonly root = new ModelNode('directory', 0o755);
  /** Removed, but open: reachable by nodeid and handle. */
  removed: ModelNode[] = [];

  all(): ModelNode[] {
    const found = new Set<ModelNode>();
    const visit = (node: ModelNode): void => {
      if (found.has(node)) return;
      found.add(node);
      for (const child of node.entries.values()) visit(child);
    };
    visit(this.root);
    return [...found];
  }

  ofKind(kind: Kind): ModelNode[] {
    return this.all().filter((node) => node.kind === kind);
  }

  someDirectory(random: Random): ModelNode {
    return random.pick(this.ofKind('directory'));
  }

  /** A name that is there, mostly, or any. */
  someName(directory: ModelNode, random: Random): string {
    const known = [...directory.entries.keys()];
    return known.length > 0 && !random.oneIn(3) ? random.pick(known) : random.pick(names);
  }

  newName(random: Random): string {
    return random.pick(names);
  }

  place(directory: ModelNode, name: string, node: ModelNode): void {
    directory.entries.set(name, node);
    node.places.push({ directory, name });
  }

  /** Takes a name away. What has no other is gone, unless it is open. */
  displace(directory: ModelNode, name: string): void {
    const node = directory.entries.get(name);
    if (node === undefined) return;
    directory.entries.delete(name);
    node.places = node.places.filter(
      (place) => place.directory !== directory || place.name !== name,
    );
    if (node.places.length === 0) this.removed.push(node);
  }

  /** Every id and handle is void: the guest begins a new session. */
  forgetSession(): void {
    for (const node of this.all()) {
      node.node = null;
      node.lookups = 0;
      node.handles = [];
    }
    this.removed = [];
  }

  /** All nodeids that mean something. */
  knownNodes(): Set<bigint> {
    const known = new Set<bigint>();
    for (const { node } of [...this.all(), ...this.removed]) if (node !== null) known.add(node);
    return known;
  }
}
