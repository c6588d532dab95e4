// SPDX-License-Identifier: Apache-2.0

/** Where hostile requests may do what they like: a directory of the share, and the ids that were given for it. */

import type { Random } from '../random.js';
import { Finding } from '../finding.js';
import { Op, root } from '../../test/device/guest.js';
import type { Reply } from '../../test/device/fuse-reply.js';
import type { Play } from './play.js';

export const pitName = 'pit';

const O_RDWR = 2;
const O_CREAT = 0o100;
const mostIds = 64;
/** Nothing in the pit gets larger than this, and nothing is allocated beyond it. */
const largestOffset = 1 << 20;

/** Where a body says how large something becomes, by opcode: 64 bits each. */
const extents: Readonly<Record<number, readonly number[]>> = {
  [Op.SETATTR]: [16],
  [Op.WRITE]: [8],
  [Op.FALLOCATE]: [8, 16],
  [Op.COPY_FILE_RANGE]: [8, 32, 40],
  [Op.COPY_FILE_RANGE_64]: [8, 32, 40],
};

/** What answers with a nodeid. */
const entryAnswers: readonly number[] = [
  ...[Op.LOOKUP, Op.SYMLINK, Op.MKNOD, Op.MKDIR, Op.LINK, Op.CREATE, Op.TMPFILE],
];

export class Pit {
  readonly #play: Play;
  #directory: bigint | null = null;
  #nodes: bigint[] = [];
  #handles: bigint[] = [];
  #forges = true;

  private constructor(play: Play) {
    this.#play = play;
  }

  static readonly #pits = new WeakMap<Play, Pit>();

  static of(play: Play): Pit {
    const pit = this.#pits.get(play) ?? new Pit(play);
    this.#pits.set(play, pit);
    if (pit.#directory === null) pit.#enter();
    return pit;
  }

  /**
   * Makes requests for later: none with a forged nodeid, which could be one that the model has got by the time that the
   * request is sent.
   */
  withoutForgery<T>(make: () => T): T {
    this.#forges = false;
    try {
      return make();
    } finally {
      this.#forges = true;
    }
  }

  /** A node of the pit, or one that was never given; none of the model's, and never the root. */
  someNode(random: Random): bigint {
    if (!this.#forges) return random.pick(this.#nodes);
    const wanted = random.weighted<() => bigint>([
      [8, () => random.pick(this.#nodes)],
      [4, () => this.#directory ?? 0n],
      [1, () => random.pick(this.#nodes) + BigInt(random.below(3))],
      [1, () => random.pick(this.#nodes) ^ (1n << BigInt(random.below(64)))],
      [1, () => random.edgyU64()],
    ])();
    return wanted === root ? 0n : this.#outsideModel(wanted);
  }

  /** A handle of the pit's, one that was never given, or one of the model's: of no use with a node of the pit's. */
  someHandle(random: Random): bigint {
    return random.weighted<() => bigint>([
      [2, () => this.#someHandleOfModel(random)],
      // An id of no use, where there is none: the same numbers are taken from the dice either way.
      [8, () => random.pick([...this.#handles, 0n])],
      [1, () => BigInt(random.below(40))],
      [1, () => random.edgyU64()],
    ])();
  }

  /** Keeps a body's numbers away from the model, and from filling the disk. */
  tame(opcode: number, body: Buffer): Buffer {
    const tamed = Buffer.from(body);
    for (const at of extents[opcode] ?? []) {
      if (at + 8 > tamed.length) continue;
      const value = tamed.readBigUInt64LE(at);
      // From 2^63 on everything is refused.
      if (value > largestOffset && value < 1n << 63n) {
        tamed.writeBigUInt64LE(value % BigInt(largestOffset), at);
      }
    }
    const forbidden = this.#play.model.knownNodes().add(root);
    for (let at = 0; at + 8 <= tamed.length; at += 8) {
      if (forbidden.has(tamed.readBigUInt64LE(at))) tamed.writeBigUInt64LE(0n, at);
    }
    return tamed;
  }

  /** Remembers the ids that a successful answer gave. */
  learn(opcode: number, { payload }: Reply): void {
    if (entryAnswers.includes(opcode)) {
      const node = payload.readBigUInt64LE(0);
      if (this.#play.model.knownNodes().has(node)) {
        throw new Finding(`a hostile request got nodeid ${node}, which is the model's`);
      }
      if (node > root) this.#nodes.push(node);
    }
    if (payload.length === 144) this.#handles.push(payload.readBigUInt64LE(128));
    if (opcode === Op.OPEN || opcode === Op.OPENDIR) {
      this.#handles.push(payload.readBigUInt64LE(0));
    }
    if (this.#nodes.length > mostIds) this.#nodes.shift();
    if (this.#handles.length > mostIds) this.#handles.shift();
  }

  /** The session is over: no id means anything any more. */
  static leave(play: Play): void {
    Pit.#pits.delete(play);
  }

  /** What was known may be no more: the pit is entered again. */
  void(): void {
    this.#directory = null;
  }

  #enter(): void {
    const { guest } = this.#play;
    const found = guest.lookup(root, pitName);
    const entry = found.status === 'OK' ? found : guest.mkdir(root, pitName);
    this.#directory = entry.node;
    this.#nodes = [entry.node];
    const file = guest.create(entry.node, 'p0', O_RDWR | O_CREAT);
    this.#handles = file.status === 'OK' ? [file.handle] : [];
    if (file.status === 'OK') this.#nodes.push(file.node);
    const listing = guest.opendir(entry.node);
    if (listing.status === 'OK') this.#handles.push(listing.handle);
  }

  #someHandleOfModel(random: Random): bigint {
    const handles = this.#play.model.ofKind('file').flatMap((node) => node.handles);
    return random.pick([...handles.map(({ handle }) => handle), 0n]);
  }

  #outsideModel(id: bigint): bigint {
    return this.#play.model.knownNodes().has(id) ? 0n : id;
  }
}
