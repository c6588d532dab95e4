// SPDX-License-Identifier: Apache-2.0

import { inodeFileHandleModes } from '../modes.js';
import type { OptionDefinition } from './definition.js';

export const fileSystemOptions = [
  {
    name: 'readonly',
    summary: 'Refuse every change by the guest.',
    detail: 'Enforced in the daemon, whatever the guest mounts. `--writeback` then has no effect.',
  },
  {
    name: 'allow-direct-io',
    summary: "Open files with O_DIRECT when the guest's program asks for it.",
    detail:
      "Off by default: the host's page cache usually helps. Needed by programs in the guest that must know that data " +
      'is on the disk without fsync; costs the cache, and alignment that not every file system accepts.',
  },
  {
    name: 'preserve-noatime',
    summary: "Open files with O_NOATIME when the guest's program asks for it.",
    detail:
      "Off by default: the host refuses it to all but a file's owner, and the guest's program with it. Reading then " +
      'may move access times on the host.',
  },
  {
    name: 'no-readdirplus',
    summary: 'List directories without the attributes of their entries.',
    detail:
      'Saves work where directories are large and programs want names only; costs a lookup a file otherwise.',
  },
  {
    name: 'announce-submounts',
    default: 'on',
    summary: 'Tell the guest which directories below the share are mount points.',
    detail:
      'They become mounts in the guest too, with a device number of their own: inode numbers stay unambiguous, and a ' +
      'sync in the guest reaches each file system.',
  },
  {
    name: 'no-announce-submounts',
    summary: 'Show everything below the share as one file system.',
    detail:
      'Different files may then have the same inode number, and a sync in the guest reaches the file system of the ' +
      'shared directory only.',
  },
  {
    name: 'inode-file-handles',
    value: 'MODE',
    choices: inodeFileHandleModes,
    default: '`prefer` where the share is a whole file system, else `never`',
    summary:
      'How inodes are held that nobody has open: by file handle or not: never, prefer or mandatory.',
    detail:
      '`never`: each inode that the guest remembers holds a descriptor. `prefer`: it is named by a file handle where ' +
      'the file system gives such, and costs no descriptor. `mandatory`: vfsd does not start where it cannot. Opening ' +
      'by handle takes CAP_DAC_READ_SEARCH, with which code that has taken over the daemon can open any file of the ' +
      'same file system, beside the share as well: the default keeps it only where the share, and each mount below ' +
      'it, is the whole of its file system. Never in a user namespace, where the kernel does not allow it.',
  },
  {
    name: 'posix-lock',
    summary: "Make fcntl locks of the guest's programs locks on the host's files.",
    detail:
      'For programs in several guests, or here and there, that lock the same files. Off by default: locks then count ' +
      'among the programs of a guest and cost nothing. Each ' +
      'program with locks in a file costs a descriptor, deadlocks are not found, and a program that waits cannot be ' +
      'killed before the lock is free. No more may wait at once than a quarter of the entries of a request queue; ' +
      'others get ENOLCK.',
  },
  {
    name: 'no-posix-lock',
    default: 'on',
    summary: 'Leave fcntl locks to the guest.',
    detail: '',
  },
  {
    name: 'flock',
    summary: "Make flock locks of the guest's programs locks on the host's files.",
    detail: 'As `--posix-lock`, for the other kind of locks.',
  },
  { name: 'no-flock', default: 'on', summary: 'Leave flock locks to the guest.', detail: '' },
] as const satisfies readonly OptionDefinition[];
