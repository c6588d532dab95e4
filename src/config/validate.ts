// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import { parseNamespaceMap } from '../idmap/namespace-map.js';
import { parseTranslations } from '../idmap/translation.js';
import { logFormats, type LogFormat } from '../log/formats.js';
import { logLevels } from '../log/level.js';
import type { Negotiation } from '../native/types.js';
import { parseCapabilityChanges } from '../sandbox/capability-changes.js';
import { addedLines } from '../seccomp/added-lines.js';
import { parseXattrMap } from '../xattrmap/parse-rules.js';
import type { DaemonConfig, SocketSource } from './config.js';
import {
  cacheModes,
  inodeFileHandleModes,
  negotiations,
  sandboxModes,
  seccompModes,
  securityModelOf,
  securityModels,
} from './modes.js';
import type { FlagOptionName, ListOptionName, ValueOptionName } from './options.js';
import { cacheTimeouts } from './timeouts.js';
import { usage } from './usage.js';

/** The command line, taken apart but not yet understood. */
export interface GivenOptions {
  readonly values: Readonly<Partial<Record<ValueOptionName, string>>>;
  /** Options that may be given several times, in the order of the command line. */
  readonly lists: Readonly<Partial<Record<ListOptionName, readonly string[]>>>;
  readonly flags: ReadonlySet<FlagOptionName>;
}

const maxTagBytes = 36;
const maxThreads = 64;
const maxRequestQueues = 64;
/** Whatever takes longer than a millisecond does not notice a wake-up. */
const maxPollUs = 1000;
/** An hour. */
const maxSlowMs = 3_600_000;
/** The kernel's own limit on nr_open. */
const maxOpenFiles = 2 ** 30;

/** Makes a complete configuration of the given options. Throws VFSD_CONFIG_USAGE for what is wrong or contradictory. */
export function validate({ values, lists, flags }: GivenOptions): DaemonConfig {
  const sharedDir = values['shared-dir'];
  if (sharedDir === undefined)
    throw usage('--shared-dir is missing: which directory is to be shared?');
  if (sharedDir === '') throw usage('--shared-dir is empty');
  const socket = socketSource(values);
  return Object.freeze({
    sharedDir: resolve(sharedDir),
    socket,
    tag: tag(values),
    ...confinement(values, lists),
    ...caches(values, flags),
    ...attributes(values, flags),
    ...securityModel(values),
    uidTranslation: parseTranslations('translate-uid', lists['translate-uid'] ?? []),
    gidTranslation: parseTranslations('translate-gid', lists['translate-gid'] ?? []),
    threadPoolSize: wholeNumber(values, 'thread-pool-size', 0, maxThreads) ?? 8,
    requestQueues: wholeNumber(values, 'num-request-queues', 1, maxRequestQueues) ?? 8,
    pollLimitUs: wholeNumber(values, 'poll-limit', 0, maxPollUs) ?? 50,
    readonly: flags.has('readonly'),
    allowDirectIo: flags.has('allow-direct-io'),
    preserveNoatime: flags.has('preserve-noatime'),
    readdirplus: !flags.has('no-readdirplus'),
    announceSubmounts: isSwitchedOn(flags, 'announce-submounts', true),
    inodeFileHandles: choice(values, 'inode-file-handles', inodeFileHandleModes, null),
    posixLock: isSwitchedOn(flags, 'posix-lock', false),
    flock: isSwitchedOn(flags, 'flock', false),
    openFileLimit: wholeNumber(values, 'rlimit-nofile', 0, maxOpenFiles),
    exitOnDisconnect: isSwitchedOn(flags, 'exit-on-disconnect', socket.kind === 'fd'),
    controlSocket: controlSocket(values, socket),
    slowRequestMs: wholeNumber(values, 'slow-request-ms', 0, maxSlowMs) ?? 0,
    logLevel: choice(values, 'log-level', logLevels, 'info'),
    logFormat: logFormat(values, flags),
  });
}

function confinement(
  values: GivenOptions['values'],
  lists: GivenOptions['lists'],
): Pick<
  DaemonConfig,
  'sandbox' | 'seccomp' | 'seccompAllow' | 'capabilityChanges' | 'uidMap' | 'gidMap'
> {
  const sandbox = choice(values, 'sandbox', sandboxModes, 'namespace');
  const { modcaps } = values;
  for (const option of ['uid-map', 'gid-map'] as const) {
    if (lists[option] === undefined || sandbox === 'namespace') continue;
    throw usage(
      `--${option} is for the user namespace, which --sandbox=${sandbox} does not make: ` +
        'leave one of them out',
    );
  }
  return {
    sandbox,
    seccomp: choice(values, 'seccomp', seccompModes, 'kill'),
    seccompAllow: checkedRules(lists['seccomp-allow'] ?? []),
    capabilityChanges: modcaps === undefined ? [] : parseCapabilityChanges(modcaps),
    uidMap: parseNamespaceMap('uid-map', lists['uid-map'] ?? []),
    gidMap: parseNamespaceMap('gid-map', lists['gid-map'] ?? []),
  };
}

function checkedRules(rules: readonly string[]): readonly string[] {
  addedLines(rules);
  return Object.freeze([...rules]);
}

function caches(
  values: GivenOptions['values'],
  flags: GivenOptions['flags'],
): Pick<DaemonConfig, 'cache' | 'timeouts' | 'writeback' | 'allowMmap'> {
  const cache = choice(values, 'cache', cacheModes, 'auto');
  if (flags.has('writeback') && cache === 'never') {
    throw usage('--writeback needs a cache, which --cache=never forbids: leave one of them out');
  }
  return {
    cache,
    timeouts: cacheTimeouts(values, cache),
    // Both together are no contradiction to whoever adds --readonly to a line that works.
    writeback: flags.has('writeback') && !flags.has('readonly'),
    allowMmap: flags.has('allow-mmap'),
  };
}

function attributes(
  values: GivenOptions['values'],
  flags: GivenOptions['flags'],
): Pick<DaemonConfig, 'xattr' | 'xattrMap' | 'posixAcl' | 'securityLabel' | 'killprivV2'> {
  const { xattrmap } = values;
  const posixAcl = choice<Negotiation>(values, 'posix-acl', negotiations, 'never');
  const securityLabel = choice<Negotiation>(values, 'security-label', negotiations, 'never');
  return {
    xattr:
      flags.has('xattr') ||
      xattrmap !== undefined ||
      posixAcl !== 'never' ||
      securityLabel !== 'never',
    xattrMap: xattrmap === undefined ? [] : parseXattrMap(xattrmap),
    posixAcl,
    securityLabel,
    killprivV2: isSwitchedOn(flags, 'killpriv-v2', true),
  };
}

function securityModel(
  values: GivenOptions['values'],
): Pick<DaemonConfig, 'securityModel' | 'fileMode' | 'directoryMode'> {
  const model = securityModelOf(choice(values, 'security-model', securityModels, 'passthrough'));
  const isMapped = model === 'mapped-xattr' || model === 'mapped-file';
  for (const option of ['fmode', 'dmode'] as const) {
    if (values[option] === undefined || isMapped) continue;
    throw usage(
      `--${option} is for what a mapped security model makes: add --security-model=mapped, or leave it out`,
    );
  }
  return {
    securityModel: model,
    fileMode: permissions(values, 'fmode', 0o600),
    directoryMode: permissions(values, 'dmode', 0o700),
  };
}

/** @param least what the daemon needs itself, and the default */
function permissions(
  values: GivenOptions['values'],
  name: 'fmode' | 'dmode',
  least: number,
): number {
  const given = values[name];
  if (given === undefined) return least;
  const mode = /^[0-7]{1,4}$/.test(given) ? parseInt(given, 8) : NaN;
  if (!(mode <= 0o777)) throw usage(`--${name}=${given} is no octal number from 0 to 777`);
  if ((mode & least) === least) return mode;
  throw usage(
    `--${name}=${given} would lock vfsd itself out: it must have ${least.toString(8).padStart(4, '0')}`,
  );
}

function logFormat(values: GivenOptions['values'], flags: GivenOptions['flags']): LogFormat | null {
  const format = choice(values, 'log-format', logFormats, null);
  if (!flags.has('syslog')) return format;
  if (format === null) return 'syslog';
  throw usage(`--syslog and --log-format=${format} contradict each other: leave one of them out`);
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

function controlSocket(values: GivenOptions['values'], frontEnds: SocketSource): string | null {
  const given = values['control-socket'];
  if (given === undefined) return null;
  if (given === '') throw usage('--control-socket is empty');
  const path = resolve(given);
  if (frontEnds.kind === 'path' && frontEnds.path === path) {
    throw usage('--control-socket and --socket-path are the same: they are sockets of two kinds');
  }
  return path;
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

/** The flags that have a counterpart with `no-`. */
type SwitchName = {
  [Name in FlagOptionName]: `no-${Name}` extends FlagOptionName ? Name : never;
}[FlagOptionName];

function isSwitchedOn(flags: GivenOptions['flags'], name: SwitchName, standard: boolean): boolean {
  const on = flags.has(name);
  const off = flags.has(`no-${name}`);
  if (on && off) throw usage(`--${name} and --no-${name} contradict each other`);
  return on || (standard && !off);
}

function choice<T extends string, S extends T | null = T>(
  values: GivenOptions['values'],
  name: ValueOptionName,
  choices: readonly T[],
  standard: S,
): T | S {
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
