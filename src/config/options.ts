// SPDX-License-Identifier: Apache-2.0

/**
 * The options of the command and their documentation: `--help`, the parser and the README's table come from here.
 * Names and meanings are virtiofsd's where it has the option too.
 */

import { logLevels } from '../log/level.js';
import { cacheModes, sandboxModes, seccompModes } from './config.js';

export interface OptionDefinition {
  /** Name without the leading dashes. */
  readonly name: string;
  /** One letter, for the options that every program has. */
  readonly alias?: string;
  /** Stands for the value in the documentation; absent: the option is a flag and takes none. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** The default in words; absent: there is none. */
  readonly default?: string;
  /** What it does: one sentence, for `--help`. */
  readonly summary: string;
  /** Why the default, when another choice is wrong, what it costs: for the README. */
  readonly detail: string;
}

const transport = [
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

const fileSystem = [
  {
    name: 'cache',
    value: 'MODE',
    choices: cacheModes,
    default: 'auto',
    summary: 'How long the guest may trust what it has read: auto, always, metadata or never.',
    detail:
      '`never`: names and attributes are looked up each time and file data is not kept, for directories that the ' +
      'host changes meanwhile. `metadata`: names and attributes are kept, data is not. `auto`: both for a moment, ' +
      'data until the file changes: a change on the host is seen after a second or at the next open. `always`: the ' +
      'guest asks as rarely as it can; wrong unless nobody else changes the directory.',
  },
  {
    name: 'xattr',
    summary: 'Let the guest read and write extended attributes.',
    detail:
      'Off by default: without it every file operation saves the host a question that most guests never need. ' +
      'Needed for file capabilities and SELinux labels in the guest.',
  },
  {
    name: 'readonly',
    summary: 'Refuse every change by the guest.',
    detail: 'Enforced in the daemon, whatever the guest mounts. `--writeback` then has no effect.',
  },
  {
    name: 'writeback',
    summary: 'Let the guest collect writes in its page cache.',
    detail:
      'Faster for small writes. The guest then owns sizes and times of files: wrong when the host writes the same ' +
      'files. Not with `--cache=never`, which forbids the cache that it needs.',
  },
  {
    name: 'allow-direct-io',
    summary: "Open files with O_DIRECT when the guest's program asks for it.",
    detail:
      "Off by default: the host's page cache usually helps. Needed by programs in the guest that must know that data " +
      'is on the disk without fsync; costs the cache, and alignment that not every file system accepts.',
  },
  {
    name: 'no-readdirplus',
    summary: 'List directories without the attributes of their entries.',
    detail:
      'Saves work where directories are large and programs want names only; costs a lookup a file otherwise.',
  },
] as const satisfies readonly OptionDefinition[];

const confinement = [
  {
    name: 'sandbox',
    value: 'MODE',
    choices: sandboxModes,
    default: 'namespace',
    summary: 'How the daemon is confined to the directory: namespace, chroot or none.',
    detail:
      '`namespace`: own mount, process, network, IPC and, for ordinary users, user namespace. `chroot`: for ' +
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
] as const satisfies readonly OptionDefinition[];

const resources = [
  {
    name: 'thread-pool-size',
    value: 'N',
    default: '8',
    summary: 'How many threads stand by to take over a queue when a request has to sleep, 0 to 64.',
    detail:
      'Cached requests run in the thread that found them and pay nothing for the others. With 0 everything runs ' +
      'inline: a slow disk then holds up all requests of its queue.',
  },
  {
    name: 'rlimit-nofile',
    value: 'N',
    default: 'the smallest of 1000000, nr_open and the hard limit',
    summary: 'How many descriptors the daemon may have; 0 leaves the limit as it is.',
    detail:
      'Each inode that the guest remembers holds one. When they run out, the guest gets EMFILE and the daemon goes ' +
      'on. Root may go beyond the hard limit.',
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    choices: logLevels,
    default: 'info',
    summary: 'What is written to stderr: off, error, warn, info, debug or trace.',
    detail:
      'What a guest can provoke is limited in rate up to `info`; `debug` and `trace` are not, and can fill a disk.',
  },
] as const satisfies readonly OptionDefinition[];

const information = [
  {
    name: 'print-capabilities',
    summary: 'Print what this program can do as JSON, for libvirt, and end.',
    detail: 'All other options are ignored.',
  },
  { name: 'help', alias: 'h', summary: 'Print this text and end.', detail: '' },
  { name: 'version', alias: 'V', summary: 'Print the version and end.', detail: '' },
] as const satisfies readonly OptionDefinition[];

/** The options by what they are about, in the order of the documentation. */
export const optionGroups = Object.freeze({
  'The share and its socket': transport,
  'File system': fileSystem,
  Confinement: confinement,
  Resources: resources,
  Information: information,
}) satisfies Readonly<Record<string, readonly OptionDefinition[]>>;

type Definition = (typeof optionGroups)[keyof typeof optionGroups][number];

/** The name of an option. */
export type OptionName = Definition['name'];

/** The name of an option that takes a value. */
export type ValueOptionName = Extract<Definition, { readonly value: string }>['name'];

/** The name of an option that takes none. */
export type FlagOptionName = Exclude<OptionName, ValueOptionName>;

/** All options in order. */
export const optionDefinitions: readonly (OptionDefinition & { readonly name: OptionName })[] =
  Object.values(optionGroups).flat();
