// SPDX-License-Identifier: Apache-2.0

import { describeFailure } from './native/system-failure.js';
import type { SystemFailure } from './native/types.js';

/** What makes up one kind of error. Messages say what was tried, hints what to change. */
interface ErrorKind {
  readonly exitStatus: number;
  readonly tried: (subject: string) => string;
  readonly hint: (subject: string) => string;
}

// Exit statuses are part of the interface: 1 what the user can correct, 2 the machine or the installation.
const correctable = 1;
const environment = 2;

function kind(
  exitStatus: number,
  tried: (subject: string) => string,
  hint: string | ((subject: string) => string),
): ErrorKind {
  return { exitStatus, tried, hint: typeof hint === 'string' ? () => hint : hint };
}

/** Every error that vfsd ends with. The subject is what the error is about: a path, a value, a step. */
const errorKinds = {
  VFSD_CONFIG_USAGE: kind(correctable, (problem) => problem, 'see vfsd --help'),
  VFSD_CONFIG_FILE: kind(
    correctable,
    (place) => `cannot use ${place}`,
    'correct the file; vfsd --config=FILE --check-config checks it',
  ),
  VFSD_SHARE_UNUSABLE: kind(
    correctable,
    (path) => `cannot share ${path}`,
    'name an existing directory that you may read in --shared-dir',
  ),
  VFSD_SOCKET_PATH: kind(
    correctable,
    (path) => `cannot listen on ${path}`,
    'name another path, in an existing directory that you may write',
  ),
  VFSD_SOCKET_TOO_LONG: kind(
    correctable,
    (path) => `cannot listen on ${path}`,
    'name a shorter path, for example under /run',
  ),
  VFSD_SOCKET_IN_USE: kind(
    correctable,
    (path) => `cannot listen on ${path}`,
    'stop the program that listens there, or name another path',
  ),
  VFSD_SOCKET_OCCUPIED: kind(
    correctable,
    (path) => `cannot listen on ${path}`,
    'remove that file if nobody needs it, or name another path',
  ),
  VFSD_SOCKET_FD: kind(
    correctable,
    (fd) => `cannot listen on file descriptor ${fd}`,
    'pass a listening Unix stream socket in --fd',
  ),
  VFSD_SHARE_XATTRS: kind(
    correctable,
    (path) => `cannot keep owners and modes in extended attributes below ${path}`,
    'choose --security-model=mapped-file, or share a directory of a file system that has user attributes',
  ),
  VFSD_PROXY_USAGE: kind(correctable, (problem) => problem, 'see virtfs-proxy-helper --help'),
  VFSD_PROXY_PATH: kind(
    correctable,
    (path) => `cannot export ${path}`,
    'name an existing directory that you may read in --path',
  ),
  VFSD_PROXY_SOCKET_FD: kind(
    correctable,
    (fd) => `cannot use file descriptor ${fd}`,
    'pass one end of a Unix stream socket in --fd, and the other one to QEMU in sock_fd=',
  ),
  VFSD_NOTIFY_SOCKET: kind(
    environment,
    (path) => `cannot tell the service manager on ${path}`,
    'NOTIFY_SOCKET is set by systemd for Type=notify: unset it to start vfsd by hand',
  ),
  VFSD_LOG_SOCKET: kind(
    environment,
    (path) => `cannot write the log to ${path}`,
    'start the service that listens there, or choose --log-format=text',
  ),
  VFSD_SOCKET_GROUP: kind(
    correctable,
    (group) => `cannot give the socket to group ${group}`,
    'name a group of /etc/group or its number in --socket-group',
  ),
  VFSD_LIMIT_NOFILE: kind(
    correctable,
    (limit) => `cannot allow ${limit} open files`,
    'lower --rlimit-nofile, or raise the hard limit (ulimit -Hn, LimitNOFILE= in systemd)',
  ),
  VFSD_IDMAP_PROGRAM: kind(
    environment,
    (program) => `cannot map ids without the program ${program}`,
    'install it (in Debian, package uidmap), or start vfsd as root',
  ),
  VFSD_IDMAP_NOT_GRANTED: kind(
    correctable,
    (range) => `cannot use ${range}`,
    'name ids that are yours, have the administrator grant you these, or start vfsd as root',
  ),
  VFSD_SANDBOX_USER_NAMESPACE: kind(
    environment,
    () => 'cannot confine the daemon in a user namespace',
    (path) => `allow user namespaces in ${path}, start vfsd as root, or choose --sandbox=none`,
  ),
  VFSD_SANDBOX_CHROOT: kind(
    correctable,
    () => 'cannot confine the daemon with --sandbox=chroot',
    'start vfsd as root, or choose --sandbox=namespace',
  ),
  VFSD_SANDBOX_CAPABILITY: kind(
    correctable,
    (capability) => `cannot leave ${capability} to the daemon`,
    'start vfsd as root, or leave it out of --modcaps',
  ),
  VFSD_SANDBOX_FILE_HANDLES: kind(
    correctable,
    () => 'cannot refer to inodes by file handle',
    'start vfsd as root and without --uid-map and --gid-map, or choose --inode-file-handles=prefer',
  ),
  VFSD_SANDBOX_LAUNCH: kind(
    environment,
    (path) => `cannot start ${path}`,
    'build or install vfsd again: npm run build',
  ),
  VFSD_SANDBOX_CONFINE: kind(
    environment,
    (step) => `cannot confine the daemon: ${step}`,
    'see docs/security.md for what each layer needs; --sandbox and --seccomp take layers away',
  ),
  VFSD_SECCOMP_POLICY: kind(
    environment,
    (place) => `cannot use the seccomp policy ${place}`,
    'correct the policy and build again, or choose --seccomp=none',
  ),
  VFSD_SECCOMP_LOG: kind(
    correctable,
    (path) => `cannot read ${path}`,
    'name a file with lines of the log, or pipe them: journalctl -k | vfsd seccomp explain',
  ),
  VFSD_CONTROL_SOCKET: kind(
    correctable,
    (path) => `cannot ask ${path}`,
    'name the socket that the daemon was given as --control-socket',
  ),
  VFSD_MAPPED_ACCESS: kind(
    correctable,
    (what) => `cannot ${what}`,
    'start vfsd as the owner of the tree or as root, and while nobody changes the tree',
  ),
  VFSD_MAPPED_MODEL: kind(
    correctable,
    (path) => `cannot tell the security model of ${path}`,
    'give it: --security-model=mapped-xattr, mapped-file or passthrough',
  ),
  VFSD_MAPPED_UNSUITED: kind(
    correctable,
    (path) => `cannot convert ${path}`,
    'nothing was changed; correct what is named above and start again',
  ),
  VFSD_MAPPED_STATE: kind(
    correctable,
    (path) => `cannot convert ${path}`,
    'finish the conversion that was begun, with the same options, and convert again afterwards',
  ),
  VFSD_MAPPED_IN_USE: kind(
    correctable,
    (path) => `cannot convert ${path}`,
    'end the machine or the daemon that serves it, and start again',
  ),
  VFSD_MAPPED_PRIVILEGE: kind(
    correctable,
    (path) => `cannot convert ${path}`,
    'start vfsd as root: nobody else may give files away and make devices',
  ),
  VFSD_MAPPED_DIFFERS: kind(
    correctable,
    (path) => `the objects of ${path} are not all as before`,
    'somebody changes the tree, or its file system does not keep all of it: see the lines above',
  ),
  VFSD_OUTPUT_FILE: kind(
    correctable,
    (path) => `cannot write ${path}`,
    'name a file in an existing directory that you may write',
  ),
  VFSD_NATIVE_MISSING: kind(
    environment,
    (path) => `cannot load ${path}`,
    'build the native part: npm run build',
  ),
  VFSD_NATIVE_CALL: kind(
    environment,
    (step) => `cannot ${step}`,
    'the system refused a basic step; the answer above says why',
  ),
  VFSD_WORKER_START: kind(
    environment,
    (step) => `the worker cannot ${step}`,
    'the worker is started by the vfsd command, not by hand',
  ),
} satisfies Record<string, ErrorKind>;

/** The stable names of the errors. */
export type ErrorCode = keyof typeof errorKinds;

export interface ErrorDetails {
  /** What was answered: a sentence part, or the system's own answer. */
  readonly answer?: string | SystemFailure;
  /** Replaces the table's hint where more is known. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that ends the command, with everything its one line on stderr says. */
export class VfsdError extends Error {
  override readonly name = 'VfsdError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly exitStatus: number;
  /** The system's answer, where there was one. */
  readonly failure: SystemFailure | null;

  constructor(code: ErrorCode, subject: string, details: ErrorDetails = {}) {
    const { exitStatus, tried, hint } = errorKinds[code];
    const { answer } = details;
    const answered = typeof answer === 'object' ? describeFailure(answer) : answer;
    const message = answered === undefined ? tried(subject) : `${tried(subject)}: ${answered}`;
    super(message, { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? hint(subject);
    this.exitStatus = exitStatus;
    this.failure = typeof answer === 'object' ? answer : null;
  }

  /** The line for stderr: what was tried, what was answered, what to change, and the code to look it up by. */
  get line(): string {
    return `${this.message} (${this.hint}) [${this.code}]`;
  }
}

/** Every error code, for the documentation and the tests. */
export const errorCodes = Object.freeze(Object.keys(errorKinds)) as readonly ErrorCode[];

/** What is always said of an error, with `subject` for what it is about. */
export function describeError(
  code: ErrorCode,
  subject: string,
): { readonly exitStatus: number; readonly tried: string; readonly hint: string } {
  const { exitStatus, tried, hint } = errorKinds[code];
  return { exitStatus, tried: tried(subject), hint: hint(subject) };
}
