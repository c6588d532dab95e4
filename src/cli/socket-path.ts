// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants, lstatSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';

/** sun_path of unix(7) has 108 bytes, the last of which is zero. */
const maxPathBytes = 107;

const defaultSocketTable = '/proc/net/unix';

/**
 * Makes sure that a socket can be bound at an absolute path: removes a socket there that nobody listens on any more,
 * and refuses everything else. Throws VFSD_SOCKET_….
 * @param socketTable the kernel's list of Unix sockets
 */
export function prepareSocketPath(path: string, socketTable = defaultSocketTable): void {
  const size = Buffer.byteLength(path, 'utf8');
  if (size > maxPathBytes) {
    const answer = `the path has ${size} bytes, and a socket's may have ${maxPathBytes}`;
    throw new VfsdError('VFSD_SOCKET_TOO_LONG', path, { answer });
  }
  checkParent(path);
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return;
  if (!existing.isSocket()) {
    throw new VfsdError('VFSD_SOCKET_OCCUPIED', path, { answer: 'something else is there' });
  }
  if (isListening(readFileSync(socketTable, 'utf8'), path)) {
    throw new VfsdError('VFSD_SOCKET_IN_USE', path, { answer: 'another program listens there' });
  }
  removeSocket(path);
}

function checkParent(path: string): void {
  const parent = dirname(path);
  try {
    if (!statSync(parent).isDirectory()) {
      throw new VfsdError('VFSD_SOCKET_PATH', path, { answer: `${parent} is not a directory` });
    }
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof VfsdError) throw error;
    const { code } = toSystemFailure(error);
    const answer =
      code === 'ENOENT' ? `the directory ${parent} does not exist` : `${parent}: ${code}`;
    throw new VfsdError('VFSD_SOCKET_PATH', path, { answer, cause: error });
  }
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const answer = toSystemFailure(error);
    throw new VfsdError('VFSD_SOCKET_OCCUPIED', path, { answer, cause: error });
  }
}

/** Flag of /proc/net/unix: the socket accepts connections. */
const acceptsConnections = 0x10000;

/**
 * True when a socket listens at the path. Asked of the kernel, because a connection would disturb whoever listens:
 * some daemons serve one and end.
 */
export function isListening(socketTable: string, path: string): boolean {
  return socketTable.split('\n').some((line) => {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, flags = '', bound = ''] =
      /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +[0-9]+ (.*)$/.exec(line) ??
      [];
    if ((parseInt(flags, 16) & acceptsConnections) === 0) return false;
    // A relative path was bound in a directory unknown to us: take it for this one rather than remove it.
    return bound === path || (!bound.startsWith('/') && basename(bound) === basename(path));
  });
}
