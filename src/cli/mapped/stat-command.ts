// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped stat`: one object, as the guest sees it and as the host does. */

import { usage } from '../../config/usage.js';
import { majorOf, minorOf } from '../../mapped/device-number.js';
import { fileTypeOf, isDevice, modeText } from '../../mapped/file-mode.js';
import { NamedObject } from '../../mapped/named-object.js';
import { ObjectPath } from '../../mapped/object-path.js';
import { aclKinds, aclText } from '../../mapped/posix-acl.js';
import { shownName } from '../../mapped/shown-name.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import { layersOf, readObject, type TreeObject } from '../../mapped/tree-object.js';
import { givenModel, modelOption, readArguments } from './arguments.js';
import type { Output } from './output.js';

export function runStat(access: TreeAccess, output: Output, args: readonly string[]): number {
  const { paths, values } = readArguments(args, {
    command: 'stat',
    flags: [],
    values: [modelOption],
  });
  if (paths.length === 0) throw usage('vfsd mapped stat: name a PATH');
  const model = givenModel(values);
  for (const path of paths) {
    const named = new NamedObject(access, path, model);
    try {
      const { directory, name } = named.parent ?? { directory: named.fd, name: null };
      const place = { path: ObjectPath.tree, directory, name };
      const object = readObject(access, named.fd, place, layersOf(named.model));
      output.line(shownName(Buffer.from(path)));
      output.line(`  security model  ${named.model}`);
      for (const line of [...views(object), ...kept(access, object)]) output.line(`  ${line}`);
    } finally {
      named.close();
    }
  }
  return 0;
}

function views({ guest, host, hostType }: TreeObject): readonly string[] {
  const hostMode = Number(host.mode);
  const device = (mode: number, rdev: bigint): string =>
    isDevice(fileTypeOf(mode)) ? `${majorOf(rdev)}, ${minorOf(rdev)}` : '-';
  const rows: readonly (readonly [string, string, string])[] = [
    ['', 'guest', 'host'],
    ['type', guest.type ?? 'none', hostType ?? 'none'],
    ['mode', modeOf(guest.mode), modeOf(hostMode)],
    ['owner', `${guest.uid}:${guest.gid}`, `${host.uid}:${host.gid}`],
    ['device', device(guest.mode, guest.rdev), device(hostMode, host.rdev)],
    ['size', String(guest.size), String(host.size)],
  ];
  const target = guest.target === null ? [] : [row('target', shownName(guest.target))];
  return [
    ...rows.map(([title, left, right]) => row(title, left.padEnd(24), right)),
    ...target,
    row('blocks', `${host.blocks} of 512 bytes`),
    row(
      'links',
      `${host.nlink}, inode ${host.ino} of device ${majorOf(host.dev)}, ${minorOf(host.dev)}`,
    ),
    row('accessed', time(host.atimeNs)),
    row('modified', time(host.mtimeNs)),
    row('changed', time(host.ctimeNs)),
  ];
}

function kept(access: TreeAccess, object: TreeObject): readonly string[] {
  const { attributeNames, metadataFile, guest } = object;
  const lists = aclKinds.flatMap((kind) => {
    const list = guest.acls[kind];
    return list === null ? [] : [row(`ACL ${kind}`, aclText(list) ?? 'malformed')];
  });
  const metadata =
    metadataFile === null
      ? []
      : [row('metadata', metadataFile.isRegular ? shownText(metadataFile.text) : 'is no file')];
  return [
    ...lists,
    ...metadata,
    ...attributeNames.map((name) => {
      const value = Buffer.from(access.attribute(object.fd, name) ?? []);
      return row(
        'attribute',
        `${shownName(Buffer.from(name, 'latin1'))} = ${attributeValue(value)}`,
      );
    }),
  ];
}

function row(title: string, ...cells: readonly string[]): string {
  return `${title.padEnd(14)}  ${cells.join('  ')}`.trimEnd();
}

function modeOf(mode: number): string {
  return `${modeText(mode)} 0${mode.toString(8)}`;
}

/** Lines beside each other. */
function shownText(text: Buffer): string {
  const lines = text.toString('latin1').trimEnd().split('\n');
  return lines.map((line) => shownName(Buffer.from(line, 'latin1'))).join(' ');
}

const shownBytes = 64;

/** As text where it is some, and in hexadecimal otherwise. */
function attributeValue(value: Buffer): string {
  const isText = value.length > 0 && value.every((byte) => byte >= 0x20 && byte < 0x7f);
  const start = value.subarray(0, shownBytes);
  const shown = isText ? JSON.stringify(start.toString('latin1')) : `0x${start.toString('hex')}`;
  return `${shown}${value.length > shownBytes ? '…' : ''} (${value.length} bytes)`;
}

/** With all nine digits, which a Date does not have. */
function time(nanoseconds: bigint): string {
  const second = 1_000_000_000n;
  const rest = ((nanoseconds % second) + second) % second;
  const date = new Date(Number((nanoseconds - rest) / 1_000_000n));
  return Number.isNaN(date.getTime())
    ? `${nanoseconds} ns after 1970`
    : date.toISOString().replace(/\.\d+Z$/, `.${String(rest).padStart(9, '0')}Z`);
}
