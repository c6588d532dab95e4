// SPDX-License-Identifier: Apache-2.0

/** What an action works with: the machine, what the guest ought to find, and the dice. */

import { expectOneOf, expectSame, expectTrue } from '../finding.js';
import type { Random } from '../random.js';
import { root, type Guest } from '../../test/device/guest.js';
import type { Attributes, Entry, Reply } from '../../test/device/fuse-reply.js';
import type { Driver } from './driver.js';
import type { Kind, Model, ModelNode } from './model.js';

/** What of the daemon's options decides about answers. */
export interface Abilities {
  readonly xattr: boolean;
  /** Of fcntl(2). */
  readonly locks: boolean;
  /** Of flock(2). */
  readonly flocks: boolean;
  /** The guest may make files of any user. */
  readonly owners: boolean;
  /** Owners, modes and types of what it makes are not the host's. */
  readonly isMapped: boolean;
  /** Descriptors run out: what opens something may be refused with EMFILE, and has done nothing then. */
  readonly fewDescriptors: boolean;
}

/** A request was refused for want of descriptors, as it may be. */
class OutOfDescriptors extends Error {
  override readonly name = 'OutOfDescriptors';
}

export const modelName = 'model';

const typeBits: Readonly<Record<Kind, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
};

export class Play {
  readonly driver: Driver;
  readonly model: Model;
  readonly random: Random;
  readonly abilities: Abilities;
  readonly #note: (step: string) => void;

  constructor(
    driver: Driver,
    model: Model,
    random: Random,
    abilities: Abilities,
    note: (step: string) => void,
  ) {
    this.driver = driver;
    this.model = model;
    this.random = random;
    this.abilities = abilities;
    this.#note = note;
  }

  /** A client on any of the request queues. */
  get guest(): Guest {
    return this.driver.someGuest(this.random);
  }

  note(step: string): void {
    this.#note(step);
  }

  /** The nodeid; looked up, with what is above it, unless the guest knows it. */
  reach(node: ModelNode): bigint {
    if (node.node !== null) return node.node;
    if (node === this.model.root) return this.learn(node, this.guest.lookup(root, modelName));
    const { directory, name } = this.random.pick(node.places);
    return this.learn(node, this.guest.lookup(this.reach(directory), name));
  }

  /** Takes the entry of an answer, which has to be this node's. */
  learn(node: ModelNode, reply: Reply): bigint {
    this.expectStatus('an entry', reply, 'OK');
    return this.learnEntry(node, reply.entry);
  }

  learnEntry(node: ModelNode, { node: id, attributes }: Entry): bigint {
    expectTrue('an entry has a nodeid', id > root);
    if (node.node === null) {
      expectTrue('no two nodes have one nodeid', !this.model.knownNodes().has(id));
      node.node = id;
    }
    expectSame('the nodeid', id, node.node);
    node.lookups++;
    this.checkAttributes(node, attributes);
    return id;
  }

  checkAttributes(node: ModelNode, { mode, size, nlink, uid, gid }: Attributes): void {
    expectSame('the mode', mode, typeBits[node.kind] | node.mode);
    if (node.kind === 'file') expectSame('the size', size, BigInt(node.content.length));
    if (node.kind === 'symlink')
      expectSame('the size', size, BigInt(Buffer.byteLength(node.target)));
    if (node.kind !== 'directory') expectSame('the links', nlink, node.places.length);
    if (this.abilities.owners) expectSame('the owner', [uid, gid], [node.uid, node.gid]);
  }

  /** FORGETs all lookups of a node, so that its nodeid is void. */
  forget(node: ModelNode): void {
    if (node.node === null) return;
    const { random } = this;
    const sender = random.oneIn(2) ? this.driver.hiprio : this.guest;
    if (random.oneIn(2)) sender.forget(node.node, node.lookups);
    else {
      const first = random.below(node.lookups + 1);
      sender.batchForget([
        [node.node, first],
        [node.node, node.lookups - first],
      ]);
    }
    node.node = null;
    node.lookups = 0;
  }

  /** Forgets what was removed and is open no more. */
  settleRemoved(): void {
    for (const node of this.model.removed) if (node.handles.length === 0) this.forget(node);
    this.model.removed = this.model.removed.filter(({ handles }) => handles.length > 0);
  }

  /** Does something, up to its end or up to a request that descriptors are missing for. */
  perform(action: Action): void {
    try {
      action(this);
    } catch (error) {
      if (!(error instanceof OutOfDescriptors)) throw error;
      this.note('no descriptors');
    }
  }

  expectStatus(what: string, reply: Reply, ...wanted: readonly string[]): void {
    if (this.abilities.fewDescriptors && reply.status === 'EMFILE') throw new OutOfDescriptors();
    expectOneOf(what, reply.status, wanted);
  }
}

/** One thing that a guest, or what is around it, does. */
export type Action = (play: Play) => void;
export type Actions = readonly (readonly [weight: number, action: Action])[];

/** How a name is shown in a trace. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 12 ? `${name.slice(0, 9)}…` : name);
}
