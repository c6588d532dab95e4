// SPDX-License-Identifier: Apache-2.0

import {
  accessSync,
  constants,
  lstatSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';

/** sun_path of unix(7) has 108 bytes, the last of which is zero. */
const maxPathBytes = 107;

const defaultSocketTable = '/proc/net/unix';

/**
 * Makes sure that a socket can be bound at an absolute path: removes a socket there that nobody listens on any more,
 * and refuses everything else. Rejects with VFSD_SOCKET_….
 * @param socketTable the kernel's list of Unix sockets
 */
export async function prepareSocketPath(
  path: string,
  socketTable = defaultSocketTable,
): Promise<void> {
  if (checkSocketPath(path, socketTable) === 'free') return;
  await expectRefusal(path);
  removeSocket(path);
}

/**
 * Looks whether a socket can be bound at an absolute path, without touching it: `stale`, where one is that nobody seems
 * to listen on. Throws VFSD_SOCKET_….
 */
export function checkSocketPath(path: string, socketTable = defaultSocketTable): 'free' | 'stale' {
  const size = Buffer.byteLength(path, 'utf8');
  if (size > maxPathBytes) {
    const answer = `the path has ${size} bytes, and a socket's may have ${maxPathBytes}`;
    throw new VfsdError('VFSD_SOCKET_TOO_LONG', path, { answer });
  }
  checkParent(path);
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return 'free';
  if (!existing.isSocket()) {
    throw new VfsdError('VFSD_SOCKET_OCCUPIED', path, { answer: 'something else is there' });
  }
  if (isListening(readFileSync(socketTable, 'utf8'), path)) {
    throw new VfsdError('VFSD_SOCKET_IN_USE', path, { answer: 'another program listens there' });
  }
  return 'stale';
}

/** Connects, which must fail as it does where nobody listens: the kernel's list has no sockets of other containers. */
async function expectRefusal(path: string): Promise<void> {
  const failure = await new Promise<unknown>((resolve) => {
    const socket = connect(path);
    socket.once('error', resolve);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
  });
  if (failure === null) {
    throw new VfsdError('VFSD_SOCKET_IN_USE', path, { answer: 'another program listens there' });
  }
  const answer = toSystemFailure(failure);
  if (answer.code === 'ECONNREFUSED') return;
  throw new VfsdError('VFSD_SOCKET_OCCUPIED', path, { answer, cause: failure });
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
 * True when a socket listens at the path. Asked of the kernel first, because a connection would disturb whoever
 * listens: some daemons serve one and end.
 */
export function isListening(socketTable: string, path: string): boolean {
  const directory = resolveDirectory(dirname(path));
  return socketTable.split('\n').some((line) => {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, flags = '', bound = ''] =
      /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +[0-9]+ (.*)$/.exec(line) ??
      [];
    if ((parseInt(flags, 16) & acceptsConnections) === 0) return false;
    if (bound === path) return true;
    if (basename(bound) !== basename(path)) return false;
    // A relative path was bound in a directory unknown to us: take it for this one rather than remove it.
    return !bound.startsWith('/') || resolveDirectory(dirname(bound)) === directory;
  });
}

/** A directory's path without symbolic links; as it is when it cannot be followed from here. */
function resolveDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
