// SPDX-License-Identifier: Apache-2.0

/** Whether the maps of `--uid-map` and `--gid-map` can be written, by this process or by newuidmap(1) for it. */

import { existsSync, readFileSync } from 'node:fs';
import type { DaemonConfig } from '../config/config.js';
import { VfsdError } from '../errors.js';
import type { NamespaceMapOption, NamespaceRange } from '../idmap/namespace-map.js';
import { Capability, hasCapability } from '../sandbox/capabilities.js';

/** Where native/launcher looks for newuidmap and newgidmap, too. */
const programDirectories = ['/usr/bin', '/bin'];

export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** The capabilities of this process. */
  readonly capabilities: bigint;
}

/** Reads a file of /etc; null: it is not there. */
export type ReadSystemFile = (path: string) => string | null;

export interface SystemFiles {
  readonly read: ReadSystemFile;
  readonly exists: (path: string) => boolean;
}

const realFiles: SystemFiles = {
  read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
  exists: existsSync,
};

interface IdKind {
  readonly option: NamespaceMapOption;
  readonly ranges: readonly NamespaceRange[];
  readonly ownId: number;
  readonly isPrivileged: boolean;
  readonly program: string;
  readonly grants: string;
}

/** Throws VFSD_IDMAP_PROGRAM and VFSD_IDMAP_NOT_GRANTED. */
export function checkIdMaps(
  { uidMap, gidMap }: Pick<DaemonConfig, 'uidMap' | 'gidMap'>,
  caller: Caller,
  files: SystemFiles = realFiles,
): void {
  checkKind(
    {
      option: 'uid-map',
      ranges: uidMap,
      ownId: caller.uid,
      isPrivileged: hasCapability(caller.capabilities, Capability.SETUID),
      program: 'newuidmap',
      grants: '/etc/subuid',
    },
    caller.uid,
    files,
  );
  checkKind(
    {
      option: 'gid-map',
      ranges: gidMap,
      ownId: caller.gid,
      isPrivileged: hasCapability(caller.capabilities, Capability.SETGID),
      program: 'newgidmap',
      // Lines of both files begin with a user.
      grants: '/etc/subgid',
    },
    caller.uid,
    files,
  );
}

function checkKind(kind: IdKind, uid: number, files: SystemFiles): void {
  const { option, ranges, ownId, program, grants } = kind;
  if (kind.isPrivileged || ranges.length === 0) return;
  const isOwn = ({ host, count }: NamespaceRange): boolean => host === ownId && count === 1;
  const [first] = ranges;
  // The kernel lets everybody map their own id, and nothing else.
  if (ranges.length === 1 && first !== undefined && isOwn(first)) return;
  if (!programDirectories.some((directory) => files.exists(`${directory}/${program}`))) {
    throw new VfsdError('VFSD_IDMAP_PROGRAM', program, {
      answer: `it is not in ${programDirectories.join(' or ')}`,
    });
  }
  if (isGrantedElsewhere(files)) return;
  const owner = { uid: String(uid), name: userName(uid, files) };
  const granted = grantedRanges(files.read(grants) ?? '', owner);
  for (const range of ranges) {
    if (isOwn(range) || isCovered(range, granted)) continue;
    const { inside, host, count } = range;
    throw new VfsdError('VFSD_IDMAP_NOT_GRANTED', `--${option}=:${inside}:${host}:${count}:`, {
      answer: `${grants} has no line such as ${owner.name ?? owner.uid}:${host}:${count}`,
    });
  }
}

/** subid(5) names of nsswitch.conf(5): only newuidmap knows what another source than files grants. */
function isGrantedElsewhere(files: SystemFiles): boolean {
  const sources = /^\s*subid:(.*)$/m.exec(files.read('/etc/nsswitch.conf') ?? '')?.[1];
  return sources !== undefined && sources.trim() !== 'files';
}

function userName(uid: number, files: SystemFiles): string | null {
  const users = (files.read('/etc/passwd') ?? '').split('\n').map((line) => line.split(':'));
  return users.find(([, , id]) => id === String(uid))?.[0] ?? null;
}

interface Grant {
  readonly base: number;
  readonly count: number;
}

/** subuid(5): the user by name or number, the first id, how many. */
function grantedRanges(
  text: string,
  owner: { readonly uid: string; readonly name: string | null },
): readonly Grant[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([user]) => user === owner.uid || user === owner.name)
    .map(([, base = '', count = '']) => ({ base: Number(base), count: Number(count) }))
    .filter(({ base, count }) => Number.isInteger(base) && Number.isInteger(count))
    .sort((one, other) => one.base - other.base);
}

/** True when every id of the range is in one of the grants, which may border on each other. */
function isCovered({ host, count }: NamespaceRange, granted: readonly Grant[]): boolean {
  const end = host + count;
  const reached = granted.reduce(
    (next, grant) => (grant.base <= next ? Math.max(next, grant.base + grant.count) : next),
    host,
  );
  return reached >= end;
}
