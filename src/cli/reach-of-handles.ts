// SPDX-License-Identifier: Apache-2.0

import { readFileSync, realpathSync } from 'node:fs';

const ownMountTable = '/proc/self/mountinfo';

/**
 * True when a file handle of any file system below the shared directory can name nothing beside it: the directory is
 * the root of its file system, not a directory within or a bind mount of one, and so is each mount point below it.
 * @param sharedDir an existing directory
 */
export function handlesStayInShare(sharedDir: string, mountTable = ownMountTable): boolean {
  const share = realpathSync(sharedDir);
  const below = share === '/' ? '/' : `${share}/`;
  const mounts = parseMountTable(readFileSync(mountTable, 'utf8'));
  const own = mounts.findLast(({ mountPoint }) => mountPoint === share);
  if (own?.root !== '/') return false;
  return mounts.every(({ mountPoint, root }) => !mountPoint.startsWith(below) || root === '/');
}

interface Mount {
  /** Which directory of the file system is mounted. */
  readonly root: string;
  readonly mountPoint: string;
}

function parseMountTable(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      // ID parent major:minor root mountpoint …
      const [, , , root = '', mountPoint = ''] = line.split(' ').map(unescapeField);
      return { root, mountPoint };
    });
}

/** proc(5): white space and backslashes are octal numbers there, each of one byte below 128. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}
