// SPDX-License-Identifier: Apache-2.0

export const mappedHelp = `Usage: vfsd mapped ls [-R] [-a] PATH...
       vfsd mapped stat PATH...
       vfsd mapped du [-s] [-h] [--by-owner] PATH
       vfsd mapped find PATH [--uid=N] [--gid=N] [--type=fdlbcps] [--perm=MODE] [--name=GLOB]
                   [-0 | --print0]
       vfsd mapped check [--repair] [--json] PATH
       vfsd mapped convert --from=MODEL --to=MODEL PATH [--copy-to=NEW] [--dry-run]

Looks at, checks and converts trees in which QEMU's 9p server keeps a guest's owners, modes and
types beside ordinary files. MODEL is mapped-xattr, mapped-file or passthrough.

ls       As ls -l in the guest: type and mode, links, uid, gid, size or device, time, name. -R: with
         all that is below; -a: with names that begin with a dot.
stat     One object as the guest and as the host sees it, with its attributes and lists.
du       What takes up the space on the host, in KiB (-h: in units), by directory, or by the owner
         that the guest sees (--by-owner). -s: the sum only.
find     What matches, as the guest sees it. MODE in octal: 4000 these bits and no others, -4000
         with these bits, /6000 with one of them. -0, --print0: names as they are, each with a NUL.
check    What is wrong in a mapped tree, what it means for the guest, and what --repair does about
         it, which mends only what loses nothing. Status 1: something was found.
convert  From one security model to another, in place, or as a copy at NEW. Can be ended at any
         moment and started again. Nobody may serve the tree or change it meanwhile.
  --dry-run        says what would change and what stands in the way; nothing is changed
  --fmode=MODE     permissions of files on the host in a mapped model (0600)
  --dmode=MODE     permissions of directories on the host in a mapped model (0700)
  --state=FILE     what a conversion remembers while it is under way (PATH.vfsd-convert)

For all of them:
  --security-model=MODEL  the model of the tree; it is found out where it is not given
  --cross-mounts          goes on where something is mounted in the tree
`;
