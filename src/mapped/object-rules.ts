// SPDX-License-Identifier: Apache-2.0

/** What can be wrong about one object of a mapped tree, by itself. */

import {
  attributeNames,
  attributePrefix,
  attributeSizes,
  metadataOfAttributes,
  storedField,
} from './attribute-format.js';
import { fileTypeOf, isDevice, permissionMask, typeMask } from './file-mode.js';
import { completed, isEmpty, metadataFields, type Metadata } from './metadata.js';
import { oddLines, parseMetadata } from './metadata-file-format.js';
import type { MetadataStore } from './metadata-store.js';
import { aclKinds, aclText, mappedAclNames, realAclNames } from './posix-acl.js';
import { shownName } from './shown-name.js';
import type { TreeAccess } from './tree-access.js';
import { longestTarget, type Place, type TreeObject } from './tree-object.js';

/** A finding before anybody has decided whether it is mended. */
export interface Trouble {
  readonly kind: string;
  readonly what: string;
  readonly means: string;
  readonly repair?: string;
  readonly mend?: () => void;
}

export interface Tools {
  readonly access: TreeAccess;
  readonly store: MetadataStore;
}

type Model = 'mapped-xattr' | 'mapped-file';

export function* objectTroubles(
  object: TreeObject,
  place: Place,
  model: Model,
  tools: Tools,
): Generator<Trouble> {
  yield* hostTypeTroubles(object);
  if (model === 'mapped-xattr') yield* attributeTroubles(object);
  else yield* metadataFileTroubles(object);
  const metadata = metadataOf(object, model);
  yield* modeTroubles(object, metadata);
  yield* missingFields(object, metadata, model, place, tools);
  yield* contentTroubles(object);
}

function metadataOf({ metadataFile, stored }: TreeObject, model: Model): Metadata {
  return model === 'mapped-xattr'
    ? metadataOfAttributes(stored)
    : parseMetadata(metadataFile?.text ?? Buffer.alloc(0));
}

function* hostTypeTroubles({ hostType, guest }: TreeObject): Generator<Trouble> {
  if (hostType !== 'regular file' && hostType !== 'directory') {
    yield {
      kind: 'host-special',
      what: `a real ${hostType ?? 'object of no known type'} on the host`,
      means:
        hostType === 'symbolic link'
          ? 'the guest sees a link that it cannot read'
          : 'the guest of a mapped model cannot have made it, and cannot use the one of the host',
    };
    return;
  }
  if ((guest.type === 'directory') === (hostType === 'directory')) return;
  if (guest.type === null) return;
  yield {
    kind: 'type-differs',
    what: `for the guest a ${guest.type}, on the host a ${hostType}`,
    means: 'the guest gets errors from it',
  };
}

function* attributeTroubles(object: TreeObject): Generator<Trouble> {
  for (const field of metadataFields) {
    const size = object.stored[field]?.length;
    if (size === undefined || size === attributeSizes[field]) continue;
    yield {
      kind: 'attribute-size',
      what: `${attributeNames[field]} has ${size} bytes instead of ${attributeSizes[field]}`,
      means:
        size > attributeSizes[field] || size === 0
          ? `the guest sees the host's value`
          : 'what the guest sees is not certain',
    };
  }
  const known: readonly string[] = [
    ...Object.values(attributeNames),
    ...Object.values(mappedAclNames),
  ];
  for (const name of object.attributeNames) {
    if (!name.startsWith(attributePrefix) || known.includes(name)) continue;
    yield {
      kind: 'attribute-unknown',
      what: `an attribute ${shownName(Buffer.from(name, 'latin1'))}`,
      means: 'the guest does not see it',
    };
  }
  for (const kind of aclKinds) {
    const list = object.mappedAcls[kind];
    if (list !== null && aclText(list) === null) {
      yield {
        kind: 'acl-malformed',
        what: `${mappedAclNames[kind]} is no access control list of version 2`,
        means: 'the guest gets an error when it checks permissions',
      };
    }
    if (object.realAcls[kind] !== null) {
      yield {
        kind: 'acl-of-host',
        what: `an access control list of the host (${realAclNames[kind]})`,
        means: 'the guest does not see it',
      };
    }
  }
}

function* metadataFileTroubles({ metadataFile }: TreeObject): Generator<Trouble> {
  if (metadataFile === null) return;
  if (!metadataFile.isRegular) {
    yield {
      kind: 'metadata-no-file',
      what: `its metadata is a ${fileTypeOf(Number(metadataFile.status.mode)) ?? 'thing'} and no file`,
      means: "the guest sees the host's values, and cannot change them",
    };
    return;
  }
  const odd = oddLines(metadataFile.text);
  if (odd.length === 0) return;
  yield {
    kind: 'metadata-malformed',
    what: `its metadata has ${odd.slice(0, 3).join(', ')}${odd.length > 3 ? ' and more' : ''}`,
    means: 'QEMU takes what is no number for 0, and drops unknown lines at the next change',
  };
}

function* modeTroubles(
  { host }: TreeObject,
  { uid, gid, mode, rdev }: Metadata,
): Generator<Trouble> {
  for (const [name, id] of [
    ['uid', uid],
    ['gid', gid],
  ] as const) {
    if (id !== 0xffff_ffff) continue;
    yield { kind: 'id', what: `${name} -1`, means: 'which is nobody: the guest refuses it' };
  }
  if (mode === null) return;
  const outside = (mode & ~(typeMask | permissionMask)) >>> 0;
  if (outside !== 0) {
    yield {
      kind: 'mode-bits',
      what: `mode ${octal(mode)} has bits that no mode has (${octal(outside)})`,
      means: 'the guest drops them',
    };
  }
  const type = fileTypeOf(mode);
  if (type === null) {
    yield {
      kind: 'mode-type',
      what: `mode ${octal(mode)} has no type`,
      means: `the guest sees an object of no kind (on the host, ${fileTypeOf(Number(host.mode)) ?? 'unknown'})`,
    };
  }
  if (!isDevice(type)) return;
  if (rdev === null) {
    yield {
      kind: 'device-number-missing',
      what: `a ${type ?? ''} without a device number`,
      means: 'the guest sees 0, 0',
    };
  } else if (rdev > 0xffff_ffffn) {
    yield {
      kind: 'device-number',
      what: `a device number of more than 32 bits (0x${rdev.toString(16)})`,
      means: 'the guest sees the lower 32',
    };
  }
}

function* missingFields(
  object: TreeObject,
  metadata: Metadata,
  model: Model,
  place: Place,
  { access, store }: Tools,
): Generator<Trouble> {
  const needed = ['uid', 'gid', 'mode'] as const;
  const missing = needed.filter((field) => metadata[field] === null);
  if (isEmpty(metadata) || missing.length === 0) return;
  const { guest, host } = object;
  // A value of a wrong size is there, and not to be written over.
  const isStored = missing.some((field) => object.stored[field] !== undefined);
  const canMend = model === 'mapped-file' ? object.metadataFile?.isRegular === true : !isStored;
  yield {
    kind: 'half-made',
    what: `no ${missing.join(', no ')} beside what else there is`,
    means: `the guest sees the host's`,
    ...(canMend
      ? {
          repair: `writes the host's ${missing.join(', ')}`,
          mend: () => {
            if (model === 'mapped-file') {
              const values = { uid: guest.uid, gid: guest.gid, mode: guest.mode, rdev: null };
              store.write(place, completed(metadata, values));
            } else {
              const values = { uid: host.uid, gid: host.gid, mode: host.mode };
              for (const field of missing) {
                access.setAttribute(
                  object.fd,
                  attributeNames[field],
                  storedField(field, values[field]),
                );
              }
            }
          },
        }
      : {}),
  };
}

function* contentTroubles({ guest, host, hostType }: TreeObject): Generator<Trouble> {
  if (hostType !== 'regular file' || guest.type === null || guest.type === 'regular file') return;
  const { target } = guest;
  if (target === null) {
    if (host.size === 0n || guest.type === 'directory') return;
    yield {
      kind: 'content',
      what: `a ${guest.type} with ${host.size} bytes on the host`,
      means: 'the guest does not see them',
    };
    return;
  }
  const wrong = targetTrouble(target);
  if (wrong === null) return;
  yield {
    kind: 'link-target',
    what: `a symbolic link ${wrong}`,
    means: 'the guest cannot follow it',
  };
}

export function targetTrouble(target: Buffer): string | null {
  if (target.length === 0) return 'without a target';
  if (target.length > longestTarget) return `whose target has more than ${longestTarget} bytes`;
  return target.includes(0) ? 'with a NUL in its target' : null;
}

function octal(value: number): string {
  return `0${value.toString(8)}`;
}
