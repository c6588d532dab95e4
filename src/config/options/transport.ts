// SPDX-License-Identifier: Apache-2.0

import type { OptionDefinition } from './definition.js';

export const transportOptions = [
  {
    name: 'shared-dir',
    value: 'DIR',
    summary: 'The directory that the guest gets; required.',
    detail:
      'Give the share a file system of its own where you can: a guest can fill it up and use up its inodes.',
  },
  {
    name: 'socket-path',
    value: 'PATH',
    summary: 'Listen for the front-end (QEMU) on a new Unix socket at PATH.',
    detail:
      'At most 107 bytes. Mode 0600: who can connect controls what the guest gets to see. A socket that nobody ' +
      'listens on any more is replaced. Removed at the end. Either this or `--fd` is required.',
  },
  {
    name: 'fd',
    value: 'N',
    summary: 'Take connections from the listening Unix socket that is open as descriptor N.',
    detail: 'For libvirt and for socket activation. Not together with `--socket-path`.',
  },
  {
    name: 'socket-group',
    value: 'GROUP',
    summary: 'Give the socket to a group, by name or number, with mode 0660.',
    detail:
      'For a QEMU that runs as another user. Every member of the group can then act as the front-end. Names are ' +
      'looked up in /etc/group; give the number for groups that come from elsewhere.',
  },
  {
    name: 'tag',
    value: 'TAG',
    summary: "Offer TAG to front-ends that ask for the device's configuration.",
    detail:
      "1 to 36 bytes of UTF-8. Leave it out with QEMU's `vhost-user-fs` device, which has a `tag=` of its own and " +
      'warns; `vhost-user-test-device`, crosvm and user-mode Linux need it.',
  },
  {
    name: 'num-request-queues',
    value: 'N',
    default: '8',
    summary: 'How many request queues a front-end may use, 1 to 64.',
    detail:
      'A thread each, created at start, asleep until its queue is used. The front-end decides how many there ' +
      'really are; libvirt always takes one.',
  },
  {
    name: 'exit-on-disconnect',
    default: 'with `--fd`',
    summary: 'End when the front-end disconnects.',
    detail: 'libvirt starts a daemon for each machine and expects it to end with it.',
  },
  {
    name: 'no-exit-on-disconnect',
    default: 'with `--socket-path`',
    summary: 'Wait for another front-end when one disconnects.',
    detail:
      'A machine that is started again finds its share without anybody starting the daemon again.',
  },
] as const satisfies readonly OptionDefinition[];
