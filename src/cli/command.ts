// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';
import type { DaemonConfig } from '../config/config.js';
import { validate } from '../config/validate.js';
import { start } from '../daemon/start.js';
import { loadBinding } from '../native/binding.js';
import { policies } from '../seccomp/policies.js';
import { version } from '../version.js';
import { givenOptions } from './given-options.js';
import { observeCommands, runObserveCommand } from './observe-command.js';
import { helpText, isAsked } from './parse-arguments.js';
import { preflight } from './preflight.js';
import { capabilitiesJson } from './print-capabilities.js';
import { withPassedSocket } from './socket-activation.js';

/** The command `vfsd`. Resolves to the exit status; when the daemon starts it never does, the process is replaced. */
export async function runCommand(args: readonly string[]): Promise<number> {
  if (args[0] === 'seccomp') {
    const { runSeccompCommand } = await import('./seccomp-command.js');
    return runSeccompCommand(args.slice(1), policies);
  }
  if (args[0] === 'doctor') {
    const { runDoctorCommand } = await import('./doctor/doctor-command.js');
    return runDoctorCommand(args.slice(1));
  }
  if (args[0] === 'mapped') {
    const { runMappedCommand } = await import('./mapped/mapped-command.js');
    return runMappedCommand(args.slice(1));
  }
  if (args[0] === 'proxy-helper') {
    const { runProxyHelperCommand } = await import('../proxy-helper/proxy-helper-command.js');
    return runProxyHelperCommand(args.slice(1), policies);
  }
  const observe = observeCommands.find((command) => command === args[0]);
  if (observe !== undefined) return runObserveCommand(observe, args.slice(1));
  // libvirt asks this of every version of every program, with options that it may not know.
  if (isAsked(args, 'print-capabilities')) return print(capabilitiesJson());
  if (isAsked(args, 'help')) return print(await helpText());
  if (isAsked(args, 'version')) return print(`vfsd ${version}`);
  const config = validate(withPassedSocket(await givenOptions(args), process.env, process.pid));
  if (isAsked(args, 'check-config')) return print(`the options can be used: ${summaryOf(config)}`);
  const binding = loadBinding();
  return start(binding, config, await preflight(binding, config), policies);
}

function summaryOf({ sharedDir, socket }: DaemonConfig): string {
  return `${sharedDir} on ${socket.kind === 'path' ? socket.path : `file descriptor ${socket.fd}`}`;
}

function print(text: string): number {
  writeSync(1, `${text}\n`);
  return 0;
}
