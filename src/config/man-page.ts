// SPDX-License-Identifier: Apache-2.0

import { optionGroups } from './options.js';
import type { OptionDefinition } from './options/definition.js';

/** The man page vfsd(1), in man(7)'s macros. */
export function manPage(version: string): string {
  return [
    '.\\" SPDX-License-Identifier: Apache-2.0',
    '.\\" Generated from the definitions of the options: npm run docs:options',
    `.TH VFSD 1 "" "vfsd ${version}" "User Commands"`,
    '.SH NAME',
    'vfsd \\- share a host directory with a virtual machine (virtio-fs over vhost-user)',
    '.SH SYNOPSIS',
    synopsis('', ['--shared-dir=', 'DIR'], ['(--socket-path=', 'PATH'], ['| --fd=', 'N)']),
    '.br',
    synopsis('', ['--config=', 'FILE'], ['[--check-config]', '']),
    '.br',
    synopsis(' doctor', ['', 'DIR']),
    '.br',
    synopsis(' seccomp', ['(explain | show)', '']),
    '.br',
    synopsis(' (stat | top)', ['', 'SOCKET']),
    '.br',
    synopsis(' mapped', ['(ls | stat | du | find | check | convert) ', 'PATH']),
    '.SH DESCRIPTION',
    'vfsd serves a directory to a guest through a virtio-fs device. It waits on a Unix socket for QEMU (or another',
    'vhost-user front-end), confines itself with namespaces, pivot_root, dropped capabilities and seccomp allow lists,',
    'and stays in the foreground. In the guest:',
    '.PP',
    '.RS 4',
    '.B mount -t virtiofs',
    '.I TAG DIR',
    '.RE',
    '.PP',
    "The guest's memory has to be shared: in QEMU, by",
    '.BR "-object memory-backend-memfd,id=mem,size=" SIZE ",share=on -numa node,memdev=mem" .',
    '.SH OPTIONS',
    ...Object.entries(optionGroups).flatMap(([group, options]) => [
      `.SS ${escaped(group)}`,
      ...options.flatMap((option: OptionDefinition) => entry(option)),
    ]),
    '.SH COMMANDS',
    ...term('doctor DIR', [
      'Looks at all that sharing DIR depends on, and says what is missing and what to do about it.',
    ]),
    ...term('seccomp explain', [
      "Explains what the kernel's log says of refused system calls: journalctl -k | vfsd seccomp explain.",
    ]),
    ...term('seccomp show', ['Prints the system calls that vfsd may make.']),
    ...term('stat SOCKET', [
      'Prints what the daemon with the control socket SOCKET has done, also as JSON or for Prometheus (--json, --prometheus).',
    ]),
    ...term('top SOCKET ...', ['Shows what daemons do, and goes on showing it; q ends it.']),
    ...term('log-level SOCKET LEVEL', ['Changes what a daemon writes to its log.']),
    ...term('reload --config=FILE', [
      'Gives a daemon the log level and the cache timeouts that its file says now, by its control-socket.',
    ]),
    ...term('mapped ls|stat|du|find PATH', [
      "Shows a tree of QEMU's 9p server, of the security model mapped-xattr or mapped-file, as its guest sees it.",
    ]),
    ...term('mapped check [--repair] PATH', [
      'Says what is wrong in such a tree; status 1 when something is.',
    ]),
    ...term('mapped convert --from=MODEL --to=MODEL PATH [--copy-to=NEW]', [
      'Makes a tree of passthrough, mapped-xattr or mapped-file one of another of these, in place or as a copy. Nobody may serve it meanwhile.',
    ]),
    ...term('virtfs-proxy-helper', [
      "A command of its own: the helper of QEMU's 9p proxy back-end, which QEMU had up to 9.1. See virtfs-proxy-helper --help,",
      'and virtfs-proxy-helper.md in the documentation.',
    ]),
    '.SH EXIT STATUS',
    ...term('0', ['It was told to end, or its front-end has gone and it was to end with it.']),
    ...term('1', ['The command line or its file has to be corrected.']),
    ...term('2', ['The machine or the installation lacks something.']),
    ...term('128+N', ['A signal N has ended the worker.']),
    '.SH FILES',
    ...term('/etc/vfsd/NAME.conf', ['What vfsd@NAME.service shares, see --config.']),
    ...term('/run/vfsd/NAME.sock', ['The socket that vfsd@NAME.socket makes.']),
    '.SH SEE ALSO',
    '.BR qemu (1),',
    '.BR mount (8),',
    '.BR systemd.socket (5)',
    '',
  ].join('\n');
}

function synopsis(command: string, ...parts: readonly (readonly [string, string])[]): string {
  const words = parts.map(([bold, italic]) => `\\fB${escaped(bold)}\\fR\\fI${escaped(italic)}\\fR`);
  return `\\fBvfsd${command}\\fR ${words.join(' ')} [\\fIOPTIONS\\fR]`;
}

function entry(option: OptionDefinition): string[] {
  const { name, alias, value, choices, withoutValue, summary, detail } = option;
  const words = choices?.join('|') ?? value;
  const argument =
    words === undefined ? '' : withoutValue === undefined ? `=${words}` : `[=${words}]`;
  const title = [`--${name}${argument}`, ...(alias === undefined ? [] : [`-${alias}`])].join(', ');
  return term(title, [
    summary,
    detail,
    option.default === undefined ? '' : `Default: ${option.default}.`,
  ]);
}

function term(title: string, paragraphs: readonly string[]): string[] {
  const text = paragraphs.filter((paragraph) => paragraph !== '').map(formatted);
  return ['.TP', `.B ${escaped(title)}`, ...text];
}

/** What stands between backticks is bold, and in the middle of a line. */
function formatted(text: string): string {
  const escapedText = escaped(text).replaceAll(/`([^`]+)`/g, '\\fB$1\\fR');
  // A line must not begin with a control character.
  return /^[.']/.test(escapedText) ? `\\&${escapedText}` : escapedText;
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '...')
    .replaceAll('’', "'");
}
