// SPDX-License-Identifier: Apache-2.0

/** `vfsd stat` and `vfsd log-level`: questions to a daemon that runs. */

import { renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { usage } from '../config/usage.js';
import { validate } from '../config/validate.js';
import { VfsdError } from '../errors.js';
import { toSystemFailure } from '../native/system-failure.js';
import { withAnySocket } from './any-socket.js';
import { ask, askStatus } from './control-client.js';
import { givenOptions } from './given-options.js';
import { statusText } from './status-text.js';

const help = `Usage: vfsd stat SOCKET [--json | --prometheus [--output=FILE]]
       vfsd top SOCKET... [--interval=SECONDS]
       vfsd log-level SOCKET LEVEL
       vfsd reload --config=FILE [OPTIONS]

SOCKET is what the daemon was given as --control-socket.

stat       Prints what the daemon has counted. --json: all of it, as an object. --prometheus: as
           Prometheus reads it; with --output into FILE, which is replaced as a whole, for the
           textfile collector of its node exporter.
top        Shows the shares at work, a row each. Ends with q.
log-level  Changes what the daemon logs from now on: off, error, warn, info, debug or trace.
reload     Gives a daemon the log level and the cache timeouts that the options say now; its socket is
           their control-socket. What the guest was told before, it keeps for as long as it was told.
`;

export const observeCommands = ['stat', 'top', 'log-level', 'reload'] as const;
export type ObserveCommand = (typeof observeCommands)[number];

/** Resolves to the exit status. Rejects with VfsdError. */
export async function runObserveCommand(
  command: ObserveCommand,
  args: readonly string[],
): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    writeSync(1, help);
    return 0;
  }
  if (command === 'top') {
    const { runTop } = await import('./top/top-command.js');
    return runTop(args);
  }
  if (command === 'reload') return reload(args);
  return command === 'stat' ? stat(args) : setLogLevel(args);
}

async function stat(args: readonly string[]): Promise<number> {
  const sockets = args.filter((argument) => !argument.startsWith('--'));
  const options = args.filter((argument) => argument.startsWith('--'));
  const [socket] = sockets;
  if (socket === undefined || sockets.length > 1) throw usage('vfsd stat: name one SOCKET');
  const output = options
    .find((option) => option.startsWith('--output='))
    ?.slice('--output='.length);
  const formats = options.filter((option) => !option.startsWith('--output='));
  const [format] = formats;
  if (formats.length > 1) throw usage(`vfsd stat: ${formats.join(' and ')} exclude each other`);
  if (output !== undefined && format !== '--prometheus') {
    throw usage('vfsd stat: --output is for --prometheus');
  }
  if (format === undefined) writeAll(statusText(await askStatus(socket)));
  else if (format === '--json') writeAll(`${JSON.stringify(await askStatus(socket), null, 2)}\n`);
  else if (format === '--prometheus') {
    const text = await ask(socket, 'GET', '/metrics');
    if (output === undefined) writeAll(text);
    else replaceFile(output, text);
  } else throw usage(`vfsd stat: there is no ${format}`);
  return 0;
}

async function setLogLevel(args: readonly string[]): Promise<number> {
  const [socket, level, ...rest] = args;
  if (socket === undefined || level === undefined || rest.length > 0) {
    throw usage('vfsd log-level: name a SOCKET and a LEVEL');
  }
  await ask(socket, 'PUT', '/log-level', level);
  return 0;
}

async function reload(args: readonly string[]): Promise<number> {
  const { controlSocket, logLevel, timeouts } = validate(withAnySocket(await givenOptions(args)));
  if (controlSocket === null) {
    throw usage(
      'vfsd reload: the options name no control-socket, by which the daemon could be told',
    );
  }
  await ask(controlSocket, 'PUT', '/timeouts', JSON.stringify(timeouts));
  await ask(controlSocket, 'PUT', '/log-level', logLevel);
  return 0;
}

/** A pipe may take a part at a time. */
function writeAll(text: string): void {
  let rest = Buffer.from(text, 'utf8');
  while (rest.byteLength > 0) rest = rest.subarray(writeSync(1, rest));
}

/** Readers see the old file or the new one, never a part. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new VfsdError('VFSD_OUTPUT_FILE', path, { answer: toSystemFailure(error), cause: error });
  }
}
