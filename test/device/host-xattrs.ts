// SPDX-License-Identifier: Apache-2.0

/** Extended attributes as the host has them. Never follows a symbolic link. */

import { execFileSync } from 'node:child_process';

function python(program: string, ...args: readonly string[]): string {
  return execFileSync('python3', ['-c', `import os,sys\n${program}`, ...args], {
    encoding: 'latin1',
  });
}

/** All of a file's, by name. */
export function hostXattrs(path: string): Record<string, string> {
  const program =
    'import json\np=sys.argv[1]\n' +
    'print(json.dumps({n:os.getxattr(p,n,follow_symlinks=False).decode("latin1") ' +
    'for n in os.listxattr(p,follow_symlinks=False)}))';
  return JSON.parse(python(program, path)) as Record<string, string>;
}

export function setHostXattr(path: string, name: string, value: string): void {
  const program =
    'os.setxattr(sys.argv[1],sys.argv[2],bytes.fromhex(sys.argv[3]),follow_symlinks=False)';
  python(program, path, name, Buffer.from(value, 'latin1').toString('hex'));
}
