// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped ls`: as `ls -l` in the guest. */

import { usage } from '../../config/usage.js';
import { majorOf, minorOf } from '../../mapped/device-number.js';
import { isDevice, modeText } from '../../mapped/file-mode.js';
import { NamedObject } from '../../mapped/named-object.js';
import { ObjectPath } from '../../mapped/object-path.js';
import { shownName } from '../../mapped/shown-name.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import { layersOf, readObject, type TreeObject } from '../../mapped/tree-object.js';
import { givenModel, modelOption, readArguments } from './arguments.js';
import type { Output } from './output.js';
import { Sight } from './sight.js';

export function runLs(access: TreeAccess, output: Output, args: readonly string[]): number {
  const { paths, flags, values } = readArguments(args, {
    command: 'ls',
    flags: ['-R', '-a', '--cross-mounts'],
    values: [modelOption],
  });
  if (paths.length === 0) throw usage('vfsd mapped ls: name a PATH');
  const isDeep = flags.has('-R');
  const showsAll = flags.has('-a');
  const model = givenModel(values);
  const sight = new Sight(access, {
    model,
    crossesMounts: flags.has('--cross-mounts'),
    enters: ({ path }) => path.isTree || (isDeep && (showsAll || !path.isHidden)),
  });
  for (const path of paths) {
    if (!isDirectory(access, path)) {
      output.line(listLine(readNamed(access, path, model), Buffer.from(path)));
      continue;
    }
    if (paths.length > 1) output.line(`${shownName(Buffer.from(path))}:`);
    for (const { phase, object } of sight.visits(path)) {
      if (output.isClosed) break;
      if (phase === 'leave' || (!showsAll && (object.path.isTree || object.path.isHidden)))
        continue;
      output.line(listLine(object, object.path.isTree ? Buffer.from('.') : object.path.bytes));
    }
  }
  return sight.isIncomplete ? 1 : 0;
}

/** `type and mode, links, uid, gid, size or device, time, name -> target` */
export function listLine({ guest, host }: TreeObject, name: Buffer): string {
  const hasList = guest.acls.access !== null || guest.acls.default !== null;
  const size = isDevice(guest.type)
    ? `${majorOf(guest.rdev)}, ${minorOf(guest.rdev)}`
    : String(guest.size);
  const target = guest.target === null ? '' : ` -> ${shownName(guest.target)}`;
  return [
    `${modeText(guest.mode)}${hasList ? '+' : ' '}`,
    String(host.nlink).padStart(2),
    String(guest.uid).padStart(5),
    String(guest.gid).padStart(5),
    size.padStart(9),
    localTime(host.mtimeMs),
    `${shownName(name)}${target}`,
  ].join(' ');
}

function isDirectory(access: TreeAccess, path: string): boolean {
  const named = new NamedObject(access, path, 'passthrough');
  named.close();
  return named.type === 'directory';
}

function readNamed(
  access: TreeAccess,
  path: string,
  model: ReturnType<typeof givenModel>,
): TreeObject {
  const named = new NamedObject(access, path, model);
  try {
    const { directory, name } = named.parent ?? { directory: named.fd, name: null };
    const place = { path: ObjectPath.tree, directory, name };
    return readObject(access, named.fd, place, layersOf(named.model));
  } finally {
    named.close();
  }
}

function localTime(milliseconds: bigint): string {
  const time = new Date(Number(milliseconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
