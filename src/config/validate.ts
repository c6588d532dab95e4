// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import { VfsdError } from '../errors.js';
import { logLevels } from '../log/level.js';
import {
  cacheModes,
  sandboxModes,
  seccompModes,
  type DaemonConfig,
  type SocketSource,
} from './config.js';
import type { FlagOptionName, ValueOptionName } from './options.js';

/** The command line, taken apart but not yet understood. */
export interface GivenOptions {
  readonly values: Readonly<Partial<Record<ValueOptionName, string>>>;
  readonly flags: ReadonlySet<FlagOptionName>;
}

const maxTagBytes = 36;
const maxThreads = 64;
const maxRequestQueues = 64;
/** The kernel's own limit on nr_open. */
const maxOpenFiles = 2 ** 30;

/** Makes a complete configuration of the given options. Throws VFSD_CONFIG_USAGE for what is wrong or contradictory. */
export function validate({ values, flags }: GivenOptions): DaemonConfig {
  const sharedDir = values['shared-dir'];
  if (sharedDir === undefined)
    throw usage('--shared-dir is missing: which directory is to be shared?');
  if (sharedDir === '') throw usage('--shared-dir is empty');
  const socket = socketSource(values);
  const cache = choice(values, 'cache', cacheModes, 'auto');
  if (flags.has('writeback') && cache === 'never') {
    throw usage('--writeback needs a cache, which --cache=never forbids: leave one of them out');
  }
  return Object.freeze({
    sharedDir: resolve(sharedDir),
    socket,
    tag: tag(values),
    sandbox: choice(values, 'sandbox', sandboxModes, 'namespace'),
    seccomp: choice(values, 'seccomp', seccompModes, 'kill'),
    cache,
    threadPoolSize: wholeNumber(values, 'thread-pool-size', 0, maxThreads) ?? 8,
    requestQueues: wholeNumber(values, 'num-request-queues', 1, maxRequestQueues) ?? 8,
    xattr: flags.has('xattr'),
    readonly: flags.has('readonly'),
    // Both together are no contradiction to whoever adds --readonly to a line that works.
    writeback: flags.has('writeback') && !flags.has('readonly'),
    allowDirectIo: flags.has('allow-direct-io'),
    readdirplus: !flags.has('no-readdirplus'),
    openFileLimit: wholeNumber(values, 'rlimit-nofile', 0, maxOpenFiles),
    exitOnDisconnect: exitOnDisconnect(flags, socket),
    logLevel: choice(values, 'log-level', logLevels, 'info'),
  });
}

function socketSource(values: GivenOptions['values']): SocketSource {
  const path = values['socket-path'];
  const group = values['socket-group'] ?? null;
  const fd = wholeNumber(values, 'fd', 0, maxOpenFiles);
  if (path !== undefined && fd !== null) {
    throw usage('--socket-path and --fd are two ways to say the same: leave one of them out');
  }
  if (fd !== null) {
    if (group !== null)
      throw usage('--socket-group is for --socket-path: with --fd the socket exists already');
    if (fd <= 2) throw usage(`--fd=${fd} is standard input, output or error`);
    return Object.freeze({ kind: 'fd', fd });
  }
  if (path === undefined)
    throw usage('--socket-path or --fd is missing: where is the front-end to connect?');
  if (path === '') throw usage('--socket-path is empty');
  if (group === '') throw usage('--socket-group is empty');
  return Object.freeze({ kind: 'path', path: resolve(path), group });
}

function tag(values: GivenOptions['values']): string | null {
  const { tag } = values;
  if (tag === undefined) return null;
  const size = Buffer.byteLength(tag, 'utf8');
  if (size === 0) throw usage('--tag is empty');
  if (size > maxTagBytes)
    throw usage(`--tag has ${size} bytes: at most ${maxTagBytes} are possible`);
  return tag;
}

function exitOnDisconnect(flags: GivenOptions['flags'], socket: SocketSource): boolean {
  const exits = flags.has('exit-on-disconnect');
  const stays = flags.has('no-exit-on-disconnect');
  if (exits && stays) {
    throw usage('--exit-on-disconnect and --no-exit-on-disconnect contradict each other');
  }
  return exits || (!stays && socket.kind === 'fd');
}

function choice<T extends string>(
  values: GivenOptions['values'],
  name: ValueOptionName,
  choices: readonly T[],
  standard: T,
): T {
  const given = values[name];
  if (given === undefined) return standard;
  const known = choices.find((candidate) => candidate === given);
  if (known === undefined) throw usage(`--${name}=${given} is not one of ${choices.join(', ')}`);
  return known;
}

/** Null: not given. */
function wholeNumber(
  values: GivenOptions['values'],
  name: ValueOptionName,
  least: number,
  most: number,
): number | null {
  const given = values[name];
  if (given === undefined) return null;
  const number = /^[0-9]{1,10}$/.test(given) ? Number(given) : NaN;
  if (number >= least && number <= most) return number;
  throw usage(`--${name}=${given} is not a whole number from ${least} to ${most}`);
}

/** An error in the use of the command. */
export function usage(problem: string): VfsdError {
  return new VfsdError('VFSD_CONFIG_USAGE', problem);
}
