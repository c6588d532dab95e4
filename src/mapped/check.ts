// SPDX-License-Identifier: Apache-2.0

/** Looks for what is wrong in a mapped tree, and mends what can be mended without losing anything. */

import type { ObjectPath } from './object-path.js';
import type { Fd } from '../native/types.js';
import { fileTypeOf } from './file-mode.js';
import type { Finding } from './finding.js';
import { describeReason } from './host-failure.js';
import { MetadataStore } from './metadata-store.js';
import { isHiddenName, metadataDirectory, rootMetadataFile } from './model.js';
import { objectTroubles, type Tools, type Trouble } from './object-rules.js';
import type { TreeAccess } from './tree-access.js';
import { inodeKey, layersOf, type Place, type TreeObject } from './tree-object.js';
import { walkTree, type Visit, type WalkOptions } from './tree-walk.js';

export interface CheckOptions {
  readonly model: 'mapped-xattr' | 'mapped-file';
  readonly repairs: boolean;
  readonly crossesMounts: boolean;
  readonly skips?: (name: Buffer, isTop: boolean) => boolean;
  readonly onMount?: (path: ObjectPath) => void;
  readonly rootPlace?: WalkOptions['rootPlace'];
}

/** The findings in the order of the walk. Closes `root`. */
export function* checkTree(
  access: TreeAccess,
  root: Fd,
  options: CheckOptions,
): Generator<Finding> {
  yield* new Check(access, root, options).findings();
}

/** The first name of an object of several, and its metadata. */
interface FirstName {
  readonly path: ObjectPath;
  /** Null: it has none. */
  readonly metadata: { readonly key: string; readonly text: Buffer } | null;
}

class Check {
  readonly #tools: Tools;
  readonly #root: Fd;
  readonly #options: CheckOptions;
  readonly #unread: Finding[] = [];
  readonly #linked = new Map<string, FirstName>();

  constructor(access: TreeAccess, root: Fd, options: CheckOptions) {
    this.#root = root;
    this.#tools = { access, store: new MetadataStore(access) };
    this.#options = options;
  }

  *findings(): Generator<Finding> {
    const { model, crossesMounts, onMount, skips, rootPlace } = this.#options;
    const visits = walkTree(this.#tools.access, this.#root, {
      layers: layersOf(model),
      skips: (name, isTop) =>
        (model === 'mapped-file' && isHiddenName(name)) || skips?.(name, isTop) === true,
      crossesMounts,
      onFailure: (path, error) => this.#unread.push(unreadable(path, error)),
      ...(onMount === undefined ? {} : { onMount }),
      ...(rootPlace === undefined ? {} : { rootPlace }),
    });
    for (const visit of visits) {
      yield* this.#unread.splice(0);
      if (visit.phase !== 'leave') yield* this.#judge(visit);
      else if (model === 'mapped-file') yield* this.#judgeMetadataOf(visit);
    }
    yield* this.#unread.splice(0);
  }

  *#judge({ object, directory }: Visit): Generator<Finding> {
    const { path, name } = object;
    const place = { path, name, directory };
    for (const trouble of objectTroubles(object, place, this.#options.model, this.#tools)) {
      yield this.#finding(path, trouble);
    }
    if (this.#options.model !== 'mapped-file') return;
    const linked = this.#judgeLinks(object, place);
    if (linked !== null) yield this.#finding(path, linked);
  }

  #judgeLinks(object: TreeObject, place: Place): Trouble | null {
    const { metadataFile, host, hostType } = object;
    if (hostType === 'directory') return null;
    if (host.nlink === 1n) {
      if (metadataFile?.isRegular !== true || metadataFile.status.nlink === 1n) return null;
      return this.#sharedMetadata(object, place);
    }
    const key = inodeKey(host);
    const metadata =
      metadataFile === null
        ? null
        : { key: inodeKey(metadataFile.status), text: metadataFile.text };
    const first = this.#linked.get(key);
    if (first === undefined) {
      this.#linked.set(key, { path: object.path, metadata });
      return null;
    }
    if (first.metadata?.key === metadata?.key) return null;
    return this.#parted(first, metadata, place);
  }

  #sharedMetadata({ metadataFile }: TreeObject, place: Place): Trouble {
    const text = metadataFile?.text ?? Buffer.alloc(0);
    return {
      kind: 'metadata-shared',
      what: 'its metadata file has other names, and the object has none',
      means: 'a change of its owner or mode changes those of another object',
      repair: 'gives it a metadata file of its own',
      mend: () => {
        this.#tools.store.writeText(place, text);
      },
    };
  }

  #parted(first: FirstName, metadata: FirstName['metadata'], place: Place): Trouble {
    const what = 'a hard link whose metadata is not that of its other name';
    const means = 'a change by one name is not seen by the other';
    const source = first.metadata;
    const isSame = source !== null && (metadata === null || source.text.equals(metadata.text));
    if (!isSame) return { kind: 'link-metadata', what, means };
    return {
      kind: 'link-metadata',
      what,
      means,
      repair: 'makes them one',
      mend: () => {
        this.#shareMetadata(first, place);
      },
    };
  }

  /** Links the metadata of an object's other name in the place of what a name has. */
  #shareMetadata({ path }: FirstName, place: Place): void {
    const { access, store } = this.#tools;
    const parent = access.openBelow(this.#root, path.parent.names);
    try {
      const files = access.openDirectory(parent, metadataDirectory);
      try {
        store.linkFrom(files, path.name, place);
      } finally {
        access.close(files);
      }
    } finally {
      access.close(parent);
    }
  }

  /** What is among the metadata of a directory and belongs to nothing in it. */
  *#judgeMetadataOf({ object }: Visit): Generator<Finding> {
    const { access } = this.#tools;
    const ofRoot = access.findObject(object.fd, rootMetadataFile);
    if (ofRoot !== null) {
      access.close(ofRoot);
      if (object.name !== null) {
        yield this.#finding(object.path.below(rootMetadataFile), hiddenName);
      }
    }
    const files = access.findObject(object.fd, metadataDirectory);
    if (files === null) return;
    try {
      const path = object.path.below(metadataDirectory);
      const type = fileTypeOf(Number(access.status(files).mode));
      if (type !== 'directory') yield this.#finding(path, noDirectory(type ?? 'thing'));
      else yield* this.#orphans(object, path);
    } finally {
      access.close(files);
    }
  }

  *#orphans(object: TreeObject, path: ObjectPath): Generator<Finding> {
    const { access } = this.#tools;
    const files = access.openDirectory(object.fd, metadataDirectory);
    try {
      for (const name of access.names(files)) {
        const owner = isHiddenName(name) ? null : access.findObject(object.fd, name);
        if (owner !== null) {
          access.close(owner);
          continue;
        }
        const orphan = access.openObject(files, name);
        const isDirectory = fileTypeOf(Number(access.status(orphan).mode)) === 'directory';
        access.close(orphan);
        yield this.#finding(path.below(name), {
          kind: 'orphan',
          what: 'metadata without an object',
          means: isDirectory
            ? 'the directory around cannot be removed by the guest'
            : 'a new object of this name may get its owner and mode, and its directory cannot be removed',
          ...(isDirectory
            ? {}
            : {
                repair: 'removes it',
                mend: () => {
                  access.remove(files, name);
                },
              }),
        });
      }
    } finally {
      access.close(files);
    }
  }

  #finding(path: ObjectPath, { kind, what, means, repair, mend }: Trouble): Finding {
    const isMended = this.#options.repairs && mend !== undefined;
    if (isMended) mend();
    return { path, kind, what, means, repair: repair ?? null, isMended };
  }
}

const hiddenName: Trouble = {
  kind: 'hidden-name',
  what: 'a name that mapped-file keeps for itself',
  means: 'the guest cannot see it, and cannot remove the directory',
};

function noDirectory(type: string): Trouble {
  return {
    kind: 'metadata-no-directory',
    what: `a ${type} where the directory of metadata should be`,
    means: "the guest sees the host's owners and modes, and cannot change them",
  };
}

function unreadable(path: ObjectPath, error: unknown): Finding {
  return {
    path,
    kind: 'unreadable',
    what: `it cannot be looked at: ${describeReason(error)}`,
    means: 'unknown',
    repair: null,
    isMended: false,
  };
}
