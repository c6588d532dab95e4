// SPDX-License-Identifier: Apache-2.0

/** `vfsd mapped check`: what is wrong in a tree. */

import { usage } from '../../config/usage.js';
import { checkTree } from '../../mapped/check.js';
import { findingLine, type Finding } from '../../mapped/finding.js';
import { NamedObject } from '../../mapped/named-object.js';
import type { TreeAccess } from '../../mapped/tree-access.js';
import { givenModel, modelOption, onePath, readArguments } from './arguments.js';
import type { Output } from './output.js';

const foundStatus = 1;

export function runCheck(access: TreeAccess, output: Output, args: readonly string[]): number {
  const { paths, flags, values } = readArguments(args, {
    command: 'check',
    flags: ['--repair', '--json', '--cross-mounts'],
    values: [modelOption],
  });
  const named = new NamedObject(access, onePath(paths, 'check'), givenModel(values));
  try {
    const { model } = named;
    if (named.type !== 'directory') throw usage(`${named.path} is no directory`);
    if (model === 'passthrough') {
      throw usage('vfsd mapped check: passthrough keeps nothing beside its objects to check');
    }
    const findings = checkTree(access, named.openTree(), {
      model,
      repairs: flags.has('--repair'),
      crossesMounts: flags.has('--cross-mounts'),
      ...(named.parent === null ? {} : { rootPlace: named.parent }),
    });
    const isJson = flags.has('--json');
    let count = 0;
    for (const finding of findings) {
      if (isJson) {
        const separator = count === 0 ? '[\n  ' : ',\n  ';
        output.bytes(Buffer.from(`${separator}${JSON.stringify(asJson(finding))}`));
      } else output.line(findingLine(finding));
      count += 1;
    }
    if (isJson) output.line(count === 0 ? '[]' : '\n]');
    return count === 0 ? 0 : foundStatus;
  } finally {
    named.close();
  }
}

/** A path that is not UTF-8 is there as bytes as well. */
function asJson({ path, kind, what, means, repair, isMended }: Finding): object {
  const bytes = path.bytes;
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return {
    path: isText ? text : path.shown,
    ...(isText ? {} : { pathBase64: bytes.toString('base64') }),
    kind,
    what,
    means,
    repair,
    mended: isMended,
  };
}
