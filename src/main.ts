// SPDX-License-Identifier: Apache-2.0

/** Chooses between the command and the worker that it starts, and ends the process. */

import { runCommand } from './cli/command.js';
import { runWorker } from './daemon/worker.js';
import { VfsdError } from './errors.js';
import { SinkLogger } from './log/logger.js';
import { DescriptorSink } from './log/stderr-sink.js';
import { loadBinding } from './native/binding.js';

/** The argument with which the launcher starts the worker; not an option of the command. */
const workerArgument = '--worker';
const unexpectedErrorStatus = 70;

let endProcess = (status: number): never => process.exit(status);

async function run(args: readonly string[]): Promise<number> {
  if (args.length !== 1 || args[0] !== workerArgument) return runCommand(args);
  const binding = loadBinding();
  // Node gives a terminal its settings back before it ends: for that, the worker's filter would kill it.
  endProcess = (status) => binding.endProcess(status);
  return runWorker(binding);
}

function report(error: unknown): number {
  const logger = new SinkLogger(new DescriptorSink(), 'error');
  if (error instanceof VfsdError) {
    logger.error(error.line);
    return error.exitStatus;
  }
  logger.error(
    `unexpected: ${error instanceof Error ? (error.stack ?? error.message).replace(/\n\s*/g, ' / ') : String(error)}`,
  );
  return unexpectedErrorStatus;
}

let status: number;
try {
  status = await run(process.argv.slice(2));
} catch (error) {
  status = report(error);
}
endProcess(status);
