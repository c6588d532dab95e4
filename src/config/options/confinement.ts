// SPDX-License-Identifier: Apache-2.0

import { sandboxModes, seccompModes } from '../modes.js';
import type { OptionDefinition } from './definition.js';

export const confinementOptions = [
  {
    name: 'sandbox',
    value: 'MODE',
    choices: sandboxModes,
    default: 'namespace',
    summary: 'How the daemon is confined to the directory: namespace, chroot or none.',
    detail:
      '`namespace`: own mount, process, network, IPC and, for ordinary users and with `--uid-map`, user namespace. `chroot`: for ' +
      'containers that allow no namespaces; needs root. `none`: only the checks of each request stand between a ' +
      'hostile guest and your files.',
  },
  {
    name: 'seccomp',
    value: 'ACTION',
    choices: seccompModes,
    default: 'kill',
    summary: 'What happens at a system call outside the allowlist: kill, log, trap or none.',
    detail:
      '`log` shows what a new C library needs, in the audit log, without protecting; `trap` ends the process with ' +
      'SIGSYS, for a debugger; `none` loads no filter.',
  },
  {
    name: 'seccomp-allow',
    value: 'RULE',
    repeatable: true,
    summary: 'Allow one more system call: its name, or a line of a policy.',
    detail:
      'Several times for several calls. For what a new C library needs, as `vfsd seccomp explain` names it, until the ' +
      'policy has it: for all threads, and for the launcher. As in `--seccomp-allow=pread64`, or ' +
      "`--seccomp-allow='fcntl if arg1 == 1032'`. Calls that would lead out of the sandbox are refused; of `ioctl`, " +
      '`fcntl` and `prctl` only those with a number can be allowed. What takes a path stays denied to the main thread.',
  },
  {
    name: 'modcaps',
    value: 'CHANGES',
    summary:
      'Let the daemon keep more capabilities, or fewer: +NAME or -NAME, separated by colons.',
    detail:
      'As in `--modcaps=+sys_admin:-mknod`, with the `=`. The names are those of capabilities(7), with or without ' +
      '`cap_`. Applied after everything else: what is taken away here is missing where it is needed. What is added ' +
      'still has to pass the seccomp filters. Attributes of the class `trusted.` need `+sys_admin`.',
  },
] as const satisfies readonly OptionDefinition[];
