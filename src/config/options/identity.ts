// SPDX-License-Identifier: Apache-2.0

import { securityModels } from '../modes.js';
import type { OptionDefinition } from './definition.js';

export const identityOptions = [
  {
    name: 'security-model',
    value: 'MODEL',
    choices: securityModels,
    default: '`passthrough`',
    summary:
      "What the guest's owners, modes and special files are on the host: passthrough, mapped (mapped-xattr), " +
      'mapped-file or none.',
    detail:
      "The models of QEMU's 9p server, in its formats. `passthrough`: they are the host's own. `mapped-xattr`: all of " +
      'it is kept in extended attributes of ordinary files of the one user that vfsd runs as, so that the guest has ' +
      'root, set-user-ID programs and devices, and the host does not. `mapped-file`: the same in hidden files, for ' +
      'file systems without extended attributes. `none`: as passthrough, but a change of owner or mode that the host ' +
      'refuses is said to be done. See docs/security-models.md.',
  },
  {
    name: 'fmode',
    value: 'MODE',
    default: '`0600`',
    summary:
      'Permission bits, in octal, of the files that a mapped security model makes on the host.',
    detail:
      "They have nothing to do with the modes that the guest sees. The owner's must be among them.",
  },
  {
    name: 'dmode',
    value: 'MODE',
    default: '`0700`',
    summary: 'The same for directories.',
    detail: '',
  },
  {
    name: 'uid-map',
    value: ':INSIDE:HOST:COUNT:',
    repeatable: true,
    default: 'for ordinary users, `:0:UID:1:` with their own id',
    summary: 'Map COUNT user ids of the host, from HOST on, into a user namespace, from INSIDE on.',
    detail:
      'Several times for several ranges. The guest then has these users and no others, and what it can do it can do ' +
      'to their files only. 0 must be among the ids inside. Ordinary users need a range in /etc/subuid and the program ' +
      'newuidmap. Any character may stand for the colon. Only with `--sandbox=namespace`.',
  },
  {
    name: 'gid-map',
    value: ':INSIDE:HOST:COUNT:',
    repeatable: true,
    default: 'for ordinary users, `:0:GID:1:` with their own id',
    summary: 'The same for group ids.',
    detail:
      'With /etc/subgid and newgidmap. When only one of the two is given, the other has its default.',
  },
  {
    name: 'translate-uid',
    value: 'TYPE:BASE:TARGET:COUNT',
    repeatable: true,
    summary: 'Let user ids mean something else in the guest than on the host.',
    detail:
      'Several times for several ranges, which must not overlap. TYPE: `guest` makes COUNT ids of the guest from BASE ' +
      'on those of the host from TARGET on; `host` the same in the other direction; `map` both at once, with the ' +
      "guest's base first; `squash-guest` and `squash-host` make all of them the one id TARGET; `forbid-guest` " +
      '(BASE and COUNT only) refuses them. Other ids stay what they are. Done by the daemon, after the user namespace ' +
      "if there is one, and in access control lists too. An ordinary user's daemon can make files for any user of the " +
      'guest with `squash-guest:0:0:4294967295`, for user and group.',
  },
  {
    name: 'translate-gid',
    value: 'TYPE:BASE:TARGET:COUNT',
    repeatable: true,
    summary: 'The same for group ids.',
    detail: '',
  },
] as const satisfies readonly OptionDefinition[];
