// SPDX-License-Identifier: Apache-2.0
//
// A tar archive with all that a tree can have, whoever makes it: owners that do not exist here, set-id bits, links,
// devices, access control lists.

import { execFileSync } from 'node:child_process';

const program = `
import io, sys, tarfile

archive = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)

def add(name, kind, mode, uid, gid, text=b'', link='', device=(0, 0), **lists):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid = kind, mode, uid, gid
    info.mtime, info.size, info.linkname = 1700000000 + len(archive.getmembers()), len(text), link
    info.devmajor, info.devminor = device
    info.pax_headers = {'SCHILY.acl.' + key: value for key, value in lists.items()}
    archive.addfile(info, io.BytesIO(text))

D, F, L, H = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
C, B, P = tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE
named = 'user::rw-,user:1234:r--,group::r--,mask::rw-,other::---'
default = 'user::rwx,user:1234:r-x,group::r-x,mask::rwx,other::r-x'
add('tree', D, 0o755, 0, 0)
add('tree/sticky', D, 0o1777, 0, 0)
add('tree/sticky/of-a-user', F, 0o600, 1000, 1000, b'mine')
add('tree/handed-down', D, 0o2775, 0, 50)
add('tree/handed-down/below', D, 0o2755, 1001, 50)
add('tree/program', F, 0o4755, 0, 0, b'x' * 10000)
add('tree/of-a-group', F, 0o2711, 5, 6, b'group')
add('tree/secret', F, 0o000, 4000000000, 4000000001, b'secret')
add('tree/second name', H, 0o4755, 0, 0, link='tree/program')
add('tree/link', L, 0o777, 7, 8, link='program')
add('tree/long link', L, 0o777, 0, 0, link='/'.join(['directory'] * 99))
add('tree/dangling', L, 0o777, 0, 0, link='/no/such/file')
add('tree/console', C, 0o600, 0, 5, device=(5, 1))
add('tree/large numbers', B, 0o660, 0, 6, device=(259, 70000))
add('tree/null', C, 0o666, 0, 0, device=(1, 3))
add('tree/fifo', P, 0o620, 9, 9)
add('tree/with-a-list', F, 0o660, 1000, 1000, b'listed', access=named)
add('tree/with-a-default', D, 0o750, 0, 0, default=default)
add('tree/empty', F, 0o644, 0, 0)
add('tree/deep', D, 0o700, 2, 2)
for depth in range(1, 20):
    add('tree/deep' + '/d' * depth, D, 0o711, depth, depth)
for number in range(100):
    add('tree/deep/file %d' % number, F, 0o400 + number, number, 2 * number, b'%d' % number)
archive.close()
`;

/** Writes it. Everything is below `tree`. */
export function writeArchive(file: string): void {
  execFileSync('python3', ['-c', program, file]);
}
