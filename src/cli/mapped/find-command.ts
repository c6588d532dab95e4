// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped find`: what matches, as the guest sees it. */

import { usage } from '../../config/usage.js';
import { permissionMask, typeLetter } from '../../mapped/file-mode.js';
import { shownName } from '../../mapped/shown-name.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import type { TreeObject } from '../../mapped/tree-object.js';
import {
  givenModel,
  idNumber,
  modelOption,
  octalMode,
  onePath,
  readArguments,
} from './arguments.js';
import { matchesGlob } from './glob.js';
import type { Output } from './output.js';
import { Sight } from './sight.js';

const slash = Buffer.from('/');

type Test = (object: TreeObject, name: Buffer) => boolean;

export function runFind(access: TreeAccess, output: Output, args: readonly string[]): number {
  const { paths, flags, values } = readArguments(args, {
    command: 'find',
    flags: ['-0', '--print0', '--cross-mounts'],
    values: [modelOption, '--uid', '--gid', '--type', '--perm', '--name'],
  });
  const path = onePath(paths, 'find');
  const tests = testsOf(values);
  const endsWithNul = flags.has('-0') || flags.has('--print0');
  const sight = new Sight(access, {
    model: givenModel(values),
    crossesMounts: flags.has('--cross-mounts'),
  });
  const tree = Buffer.from(path.replace(/(.)\/+$/, '$1'));
  for (const { phase, object } of sight.visits(path)) {
    if (output.isClosed) break;
    if (phase === 'leave') continue;
    const name = object.path.isTree ? tree.subarray(tree.lastIndexOf(0x2f) + 1) : object.path.name;
    if (!tests.every((test) => test(object, name))) continue;
    const full = object.path.isTree ? tree : Buffer.concat([tree, slash, object.path.bytes]);
    if (endsWithNul) output.bytes(full, Buffer.from([0]));
    else output.line(shownName(full));
  }
  return sight.isIncomplete ? 1 : 0;
}

function testsOf(values: ReadonlyMap<string, string>): readonly Test[] {
  const tests: Test[] = [];
  const uid = values.get('--uid');
  if (uid !== undefined) {
    const id = idNumber(uid, '--uid');
    tests.push(({ guest }) => guest.uid === id);
  }
  const gid = values.get('--gid');
  if (gid !== undefined) {
    const id = idNumber(gid, '--gid');
    tests.push(({ guest }) => guest.gid === id);
  }
  const types = values.get('--type');
  if (types !== undefined) {
    if (!/^[fdlbcps](,?[fdlbcps])*$/.test(types)) {
      throw usage(`--type=${types} is not made of f, d, l, b, c, p and s`);
    }
    tests.push(({ guest }) => guest.type !== null && types.includes(typeLetter(guest.type)));
  }
  const permissions = values.get('--perm');
  if (permissions !== undefined) tests.push(permissionTest(permissions));
  const pattern = values.get('--name');
  if (pattern !== undefined) tests.push((_, name) => matchesGlob(pattern, name));
  return tests;
}

/** `-MODE`: all of these bits; `/MODE`: one of them; `MODE`: these and no others. As find(1) has it. */
function permissionTest(text: string): Test {
  const [sign] = text;
  const bits = octalMode(sign === '-' || sign === '/' ? text.slice(1) : text, '--perm');
  return ({ guest: { mode } }) => {
    if (sign === '-') return (mode & bits) === bits;
    if (sign === '/') return bits === 0 || (mode & bits) !== 0;
    return (mode & permissionMask) === bits;
  };
}
