// SPDX-License-Identifier: Apache-2.0

/** Whether the host has what the guest has made. */

import { lstatSync, readFileSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { expectSame, expectTrue } from '../finding.js';
import type { ModelNode } from './model.js';

const S_IFMT = 0o170000;
const hiddenByMappedFile = '.virtfs_metadata';

/** @param isMapped by a mapped security model, in which all but directories are regular files of the daemon's own user */
export function compareWithHost(node: ModelNode, path: string, isMapped: boolean): void {
  const status = lstatSync(path);
  if (isMapped) {
    const mode = node.kind === 'directory' ? 0o040700 : 0o100600;
    expectSame(`the mode of ${path}`, status.mode, mode);
  } else {
    expectSame(`the mode of ${path}`, status.mode & ~S_IFMT, node.mode);
  }
  if (node.kind === 'directory') {
    const names = readdirSync(path).filter((name) => !isMapped || name !== hiddenByMappedFile);
    expectSame(path, names.sort(), [...node.entries.keys()].sort());
    for (const [name, child] of node.entries) compareWithHost(child, join(path, name), isMapped);
  } else if (isMapped) {
    expectTrue(`the content of ${path}`, readFileSync(path).equals(mappedContent(node)));
  } else {
    compareObject(node, path, status);
  }
}

function mappedContent(node: ModelNode): Buffer {
  if (node.kind === 'file') return node.content;
  return Buffer.from(node.kind === 'symlink' ? node.target : '');
}

function compareObject(node: ModelNode, path: string, status: Stats): void {
  if (node.kind === 'file') {
    expectTrue(`the content of ${path}`, readFileSync(path).equals(node.content));
  } else if (node.kind === 'symlink') {
    expectSame(`the target of ${path}`, readlinkSync(path), node.target);
  } else {
    expectTrue(`${path} is a FIFO`, status.isFIFO());
  }
}
