// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { optionForm, strictParser } from '../config/strict-parser.js';
import type { OptionDefinition } from '../config/options/definition.js';
import { VfsdError } from '../errors.js';
import { proxyHelperOptions, type ProxyHelperOption, type ProxyHelperValue } from './options.js';

export interface ProxyHelperConfig {
  /** Absolute. */
  readonly path: string;
  readonly socket:
    | { readonly kind: 'fd'; readonly fd: number }
    | {
        readonly kind: 'path';
        /** Absolute. */
        readonly path: string;
        readonly uid: number;
        readonly gid: number;
      };
  readonly isDaemon: boolean;
}

const definitions: readonly OptionDefinition[] = proxyHelperOptions;
/** uid_t's and gid_t's largest value means "no change" to chown(2). */
const maxId = 0xffff_fffe;
const maxFd = 0x7fff_ffff;

function usage(problem: string): VfsdError {
  return new VfsdError('VFSD_PROXY_USAGE', problem);
}

/** Null: `--help` was asked for. Throws VFSD_PROXY_USAGE. */
export async function parseProxyHelperOptions(
  args: readonly string[],
): Promise<ProxyHelperConfig | null> {
  const parsed: Readonly<Record<string, unknown>> = await parser(args).parseAsync();
  for (const { name } of proxyHelperOptions) {
    if (Array.isArray(parsed[name])) throw usage(`--${name} is given twice`);
  }
  if (isGiven(parsed, 'help')) return null;
  const { _: positionals } = parsed;
  if (Array.isArray(positionals) && positionals.length > 0) {
    throw usage(`unexpected argument ${String(positionals[0])}`);
  }
  const path = valueOf(parsed, 'path');
  if (path === undefined) throw usage('--path is missing: the directory that the guest gets');
  return {
    path: resolve(path),
    socket: socketOf(parsed),
    isDaemon: !isGiven(parsed, 'nodaemon'),
  };
}

/** The text of `--help`. */
export function proxyHelperHelp(): Promise<string> {
  return parser([]).getHelp();
}

function socketOf(parsed: Readonly<Record<string, unknown>>): ProxyHelperConfig['socket'] {
  const [fd, path, uid, gid] = (['fd', 'socket', 'uid', 'gid'] as const).map((name) =>
    valueOf(parsed, name),
  );
  if (fd !== undefined && path !== undefined) throw usage('--fd and --socket exclude each other');
  if (fd !== undefined) {
    if (uid !== undefined || gid !== undefined) throw usage('--uid and --gid go with --socket');
    return { kind: 'fd', fd: numberOf('fd', fd, maxFd) };
  }
  if (path === undefined) throw usage('--fd or --socket is missing: where QEMU is served');
  if (uid === undefined || gid === undefined) {
    throw usage('--socket goes with --uid and --gid, which say whose the socket is');
  }
  return {
    kind: 'path',
    path: resolve(path),
    uid: numberOf('uid', uid, maxId),
    gid: numberOf('gid', gid, maxId),
  };
}

function isGiven(parsed: Readonly<Record<string, unknown>>, name: ProxyHelperOption): boolean {
  return parsed[name] === true;
}

function valueOf(
  parsed: Readonly<Record<string, unknown>>,
  name: ProxyHelperValue,
): string | undefined {
  const value = parsed[name];
  if (value === '') throw usage(`--${name} is empty`);
  if (typeof value === 'string' && value.includes('\0')) throw usage(`--${name} has a NUL`);
  return typeof value === 'string' ? value : undefined;
}

function numberOf(name: ProxyHelperValue, text: string, largest: number): number {
  const number = Number(text);
  if (/^[0-9]+$/.test(text) && number <= largest) return number;
  throw usage(`--${name}=${text} is not a number from 0 to ${largest}`);
}

function parser(args: readonly string[]): Argv {
  const instance = strictParser(
    args,
    'virtfs-proxy-helper',
    'Usage: virtfs-proxy-helper --path=PATH (--fd=FD | --socket=FILE --uid=UID --gid=GID) [OPTIONS]\n\n' +
      'Does for a QEMU without rights what its guest asks for over 9p (-fsdev proxy, QEMU 7.2 to 9.1).',
    usage,
  );
  for (const definition of definitions) {
    instance.option(definition.name, {
      ...optionForm(definition),
      description: definition.summary,
    });
  }
  return instance;
}
