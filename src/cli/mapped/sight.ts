// SPDX-License-Identifier: Apache-2.0

/** What the commands have in common that only look: the tree, in the order of a walk, without what the guest cannot see. */

import { stderr } from 'node:process';
import { writeSync } from 'node:fs';
import { usage } from '../../config/usage.js';
import { describeReason } from '../../mapped/host-failure.js';
import { isHiddenName, type SecurityModel } from '../../mapped/model.js';
import { NamedObject } from '../../mapped/named-object.js';
import type { ObjectPath } from '../../mapped/object-path.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import { layersOf, type TreeObject } from '../../mapped/tree-object.js';
import { walkTree, type Visit } from '../../mapped/tree-walk.js';

export interface SightOptions {
  readonly model: SecurityModel | null;
  readonly crossesMounts: boolean;
  readonly enters?: (directory: TreeObject) => boolean;
}

/** Says on standard error what could not be seen. */
export class Sight {
  readonly #access: TreeAccess;
  readonly #options: SightOptions;
  /** Whether something could not be seen. */
  isIncomplete = false;

  constructor(access: TreeAccess, options: SightOptions) {
    this.#access = access;
    this.#options = options;
  }

  /** Throws VfsdError for a path that is no directory. */
  *visits(path: string): Generator<Visit> {
    const named = new NamedObject(this.#access, path, this.#options.model);
    try {
      if (named.type !== 'directory') throw usage(`${path} is no directory`);
      const { enters, crossesMounts } = this.#options;
      yield* walkTree(this.#access, named.openTree(), {
        layers: layersOf(named.model),
        skips: (name) => named.model === 'mapped-file' && isHiddenName(name),
        crossesMounts,
        onFailure: (failed, error) => {
          this.warn(`cannot look at ${joined(path, failed)}: ${describeReason(error)}`);
        },
        onMount: (mount) => {
          this.#note(
            `${joined(path, mount)} is a mount point and was not entered (--cross-mounts)`,
          );
        },
        ...(named.parent === null ? {} : { rootPlace: named.parent }),
        ...(enters === undefined ? {} : { enters }),
      });
    } finally {
      named.close();
    }
  }

  warn(text: string): void {
    this.isIncomplete = true;
    this.#note(text);
  }

  #note(text: string): void {
    writeSync(stderr.fd, `vfsd: ${text}\n`);
  }
}

function joined(tree: string, path: ObjectPath): string {
  return path.isTree ? tree : `${tree.replace(/\/$/, '')}/${path.shown}`;
}
