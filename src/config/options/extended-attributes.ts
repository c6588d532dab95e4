// SPDX-License-Identifier: Apache-2.0

import { negotiations } from '../modes.js';
import type { OptionDefinition } from './definition.js';

export const extendedAttributeOptions = [
  {
    name: 'xattr',
    summary: 'Let the guest read and write extended attributes.',
    detail:
      'Off by default: without it every file operation saves the host a question that most guests never need. ' +
      'Needed for file capabilities in the guest.',
  },
  {
    name: 'xattrmap',
    value: 'RULES',
    summary:
      'Give extended attributes other names on the host, or keep them from the guest; implies `--xattr`.',
    detail:
      'A rule is `:TYPE:SCOPE:KEY:PREPEND:`; any character may stand for the colon, white space between rules. The ' +
      'first that matches decides. TYPE: `prefix` puts PREPEND before the names of the guest that begin with KEY and ' +
      'takes it off those of the host; `ok` lets a name pass; `bad` refuses it (EPERM) and hides it, `unsupported` the ' +
      'same with ENOTSUP. SCOPE: `client` for names that the guest uses and that begin with KEY, `server` for names ' +
      'that the host lists and that begin with PREPEND, `all` for both. The last rules must take all other names, as ' +
      '`:bad:all:::` does. `:map:KEY:PREPEND:` at the end stands for the usual whole, as in `:map::user.virtiofs.:`: a ' +
      'guest can then neither see nor set an attribute that means something to the host.',
  },
  {
    name: 'posix-acl',
    value: 'MODE',
    choices: negotiations,
    withoutValue: 'always',
    default: 'never',
    summary:
      "Let the guest see and enforce the host's access control lists: auto, always or never; implies `--xattr`.",
    detail:
      '`auto`: if the guest can; `always`, and without a value: a guest that cannot is refused. Off by default: each ' +
      'new directory and each check costs questions about lists that mostly are not there.',
  },
  {
    name: 'security-label',
    value: 'MODE',
    choices: negotiations,
    withoutValue: 'always',
    default: 'never',
    summary:
      'Let the guest label what it creates, for SELinux: auto, always or never; implies `--xattr`.',
    detail:
      'The label comes with the request that creates the file. With SELinux on the host as well, give the labels of ' +
      'the guest another name by `--xattrmap`.',
  },
  {
    name: 'killpriv-v2',
    default: 'on',
    summary: 'Clear set-id bits and file capabilities here when the guest changes a file.',
    detail:
      'The guest then need not ask for file capabilities before each write. Not for a share on NFS, whose server keeps ' +
      'the bits for root.',
  },
  {
    name: 'no-killpriv-v2',
    summary: 'Leave the clearing of set-id bits and file capabilities to the guest.',
    detail:
      'For a share on a file system that does not let the daemon do it, such as some NFS servers.',
  },
] as const satisfies readonly OptionDefinition[];
