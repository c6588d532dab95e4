// SPDX-License-Identifier: Apache-2.0

import type { Fd } from '../native/types.js';
import { Scratch } from './scratch.js';
import type { TreeAccess } from './tree-access.js';

/** The scratch of each file system that a walk is in, the innermost last: no rename leads from one into another. */
export class ScratchStack {
  readonly #access: TreeAccess;
  readonly #stack: Scratch[] = [];

  constructor(access: TreeAccess) {
    this.#access = access;
  }

  get innermost(): Scratch {
    const scratch = this.#stack.at(-1);
    if (scratch === undefined) throw new Error('the walk is in no tree');
    return scratch;
  }

  /** Null: outside of any tree. */
  get innermostIfAny(): Scratch | null {
    return this.#stack.at(-1) ?? null;
  }

  enter(top: Fd): void {
    this.#stack.push(new Scratch(this.#access, top));
  }

  leave(top: Fd): void {
    this.innermost.removeFrom(top);
    this.#stack.pop()?.close();
  }

  /** After a failure: what is there is for the next run. */
  close(): void {
    for (const scratch of this.#stack.splice(0)) scratch.close();
  }
}
