// SPDX-License-Identifier: Apache-2.0

/** What stands in the way of a conversion, looked for before anything is changed. */

import type { ObjectPath } from './object-path.js';
import { attributePrefix } from './attribute-format.js';
import { checkTree } from './check.js';
import type { ConversionSetup } from './conversion-setup.js';
import type { Finding } from './finding.js';
import { Fingerprints } from './fingerprint.js';
import type { ObjectRecord } from './manifest.js';
import { isHiddenName } from './model.js';
import { Representation } from './representation.js';
import { scratchName } from './scratch.js';
import type { TreeAccess } from './tree-access.js';
import { inodeKey, layersOf, otherAttributes, type TreeObject } from './tree-object.js';
import { walkTree, type Visit } from './tree-walk.js';

/** Findings of `check` that a conversion does not make worse. */
const harmless = ['half-made', 'metadata-malformed', 'metadata-shared', 'device-number-missing'];

/** What a conversion will do, and what it needs. */
export interface Survey {
  objects: number;
  directories: number;
  /** Of another type on the host in the new model. */
  replaced: number;
  /** Bytes of the host's blocks that data takes. */
  dataBytes: bigint;
  /** With more attributes than an inode has room for. */
  richObjects: number;
}

export interface PreflightOptions {
  readonly setup: ConversionSetup;
  /** Whether the process may do everything to objects of others. */
  readonly isRoot: boolean;
  readonly uid: number;
  readonly onFinding: (finding: Finding) => void;
  readonly onRecord: (record: ObjectRecord) => void;
  readonly onMount: (path: ObjectPath) => void;
}

/** Looks at every object, twice where the model has a check of its own. */
export function survey(access: TreeAccess, options: PreflightOptions): Survey {
  const { setup } = options;
  if (setup.from !== 'passthrough') {
    const findings = checkTree(access, access.openTree(setup.path), {
      model: setup.from,
      repairs: false,
      crossesMounts: setup.crossesMounts,
    });
    for (const finding of findings) {
      if (!harmless.includes(finding.kind)) options.onFinding(finding);
    }
  }
  return new Preflight(access, options).run();
}

interface SeveralNames {
  readonly path: ObjectPath;
  readonly names: bigint;
  met: bigint;
}

class Preflight {
  readonly #access: TreeAccess;
  readonly #options: PreflightOptions;
  readonly #representation: Representation;
  readonly #linked = new Map<string, SeveralNames>();
  readonly #survey: Survey = {
    objects: 0,
    directories: 0,
    replaced: 0,
    dataBytes: 0n,
    richObjects: 0,
  };

  constructor(access: TreeAccess, options: PreflightOptions) {
    this.#access = access;
    this.#options = options;
    this.#representation = new Representation(access, options.setup.to, options.setup);
  }

  run(): Survey {
    const { setup, onMount, onRecord } = this.#options;
    const layers = layersOf(setup.from);
    const fingerprints = new Fingerprints(this.#access, {
      layers,
      withData: setup.copyTo !== null,
    });
    const visits = walkTree(this.#access, this.#access.openTree(setup.path), {
      layers,
      skips: setup.skips,
      crossesMounts: setup.crossesMounts,
      onMount,
    });
    for (const visit of visits) {
      if (visit.phase === 'leave') continue;
      const { object, index } = visit;
      this.#count(object);
      this.#judge(visit);
      onRecord({
        fingerprint: fingerprints.of(object, index),
        accessNs: object.host.atimeNs,
        modificationNs: object.host.mtimeNs,
      });
      setup.onProgress(index + 1);
    }
    if (setup.copyTo === null) this.#judgeLinks();
    return this.#survey;
  }

  #count({ host, hostType, guest }: TreeObject): void {
    this.#survey.objects += 1;
    this.#survey.dataBytes += host.blocks * 512n;
    if (hostType === 'directory') this.#survey.directories += 1;
    if (this.#representation.hostTypeOf(guest.type) !== hostType) this.#survey.replaced += 1;
    const hasLists = guest.acls.access !== null || guest.acls.default !== null;
    if (hasLists || guest.rdev !== 0n) this.#survey.richObjects += 1;
  }

  #judge({ object, isTop }: Visit): void {
    const { setup, isRoot, uid } = this.#options;
    const { to, from } = setup;
    const { name, guest, host, attributeNames } = object;
    const layers = layersOf(from);
    if (name !== null && to === 'mapped-file' && isHiddenName(name)) {
      this.#found(object, 'hidden-name', 'a name that mapped-file keeps for itself');
    }
    if (name?.equals(scratchName) === true && setup.copyTo === null) {
      this.#found(object, 'scratch-name', 'a name that the conversion needs for itself');
    }
    const foreign = attributeNames.find((attribute) => attribute.startsWith(attributePrefix));
    if (foreign !== undefined && from !== 'mapped-xattr' && to === 'mapped-xattr') {
      this.#found(object, 'attribute-foreign', `an attribute ${foreign} that is not QEMU's`);
    }
    const isSpecial = guest.type !== 'regular file' && guest.type !== 'directory';
    if (isSpecial && to === 'passthrough') {
      const own = otherAttributes(object, layers).find((other) => other.startsWith('user.'));
      if (own !== undefined) {
        this.#found(
          object,
          'attribute-lost',
          `an attribute ${own}, which a real ${guest.type ?? 'object'} cannot have`,
        );
      }
      if (guest.type === 'symbolic link' && guest.acls.access !== null) {
        this.#found(object, 'acl-lost', 'an access control list, which a real link cannot have');
      }
    }
    if (!isRoot && setup.copyTo === null) {
      if (Number(host.uid) !== uid) this.#found(object, 'owner', 'an object of another user');
      else if (to === 'mapped-xattr' && !isSpecial && (host.mode & 0o200n) === 0n) {
        this.#found(object, 'read-only', 'an object that its owner may not write');
      }
    }
    if (object.hostType !== 'directory' && host.nlink > 1n && !isTop) this.#countName(object);
  }

  #countName({ host, path }: TreeObject): void {
    const key = inodeKey(host);
    const known = this.#linked.get(key);
    if (known !== undefined) known.met += 1n;
    else this.#linked.set(key, { path, names: host.nlink, met: 1n });
  }

  /** Names that are not in the tree would keep the old object, or find an object that has changed. */
  #judgeLinks(): void {
    for (const { path, names, met } of this.#linked.values()) {
      if (met >= names) continue;
      this.#found(
        { path },
        'outside-link',
        `${names - met} of its ${names} names ${names - met === 1n ? 'is' : 'are'} outside of the tree`,
      );
    }
  }

  #found({ path }: { readonly path: ObjectPath }, kind: string, what: string): void {
    const { from, to } = this.#options.setup;
    this.#options.onFinding({
      path,
      kind,
      what,
      means: `it cannot get from ${from} to ${to} without a loss`,
      repair: null,
      isMended: false,
    });
  }
}
