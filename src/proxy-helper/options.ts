// SPDX-License-Identifier: Apache-2.0

import type { OptionDefinition } from '../config/options/definition.js';

/** The options of virtfs-proxy-helper: those of the program of that name that QEMU had up to 9.1. */
export const proxyHelperOptions = [
  {
    name: 'path',
    alias: 'p',
    value: 'PATH',
    summary: 'The directory that the guest gets; required.',
    detail:
      'Give the export a file system of its own where you can: a guest can fill it up and use up its inodes.',
  },
  {
    name: 'fd',
    alias: 'f',
    value: 'FD',
    summary: 'Serve the Unix stream socket that is open as descriptor FD.',
    detail:
      'One end of a socketpair(2), whose other end QEMU is given as `sock_fd=`. Either this or `--socket` is ' +
      'required.',
  },
  {
    name: 'socket',
    alias: 's',
    value: 'FILE',
    summary: 'Wait for QEMU on a new Unix socket; with --uid and --gid.',
    detail:
      'At most 107 bytes. What is there already is never replaced. Removed at the end; QEMU removes it earlier, when ' +
      'it has connected.',
  },
  {
    name: 'uid',
    alias: 'u',
    value: 'UID',
    summary: 'Whose the socket is, by number: the user that QEMU runs as.',
    detail: 'The socket has mode 0660.',
  },
  {
    name: 'gid',
    alias: 'g',
    value: 'GID',
    summary: 'The group of the socket, by number.',
    detail: 'Every member of it can act as QEMU.',
  },
  {
    name: 'nodaemon',
    alias: 'n',
    summary: 'Stay in the foreground and write messages to standard error.',
    detail:
      'Otherwise the command ends with status 0 when the helper waits for QEMU, and messages go to syslog from then on.',
  },
  {
    name: 'help',
    alias: 'h',
    summary: 'Print this text and end.',
    detail: '',
  },
] as const satisfies readonly OptionDefinition[];

type Definition = (typeof proxyHelperOptions)[number];

export type ProxyHelperOption = Definition['name'];
/** Those that take a value. */
export type ProxyHelperValue = Extract<Definition, { readonly value: string }>['name'];
