// SPDX-License-Identifier: Apache-2.0

/** Chooses between the command and the worker that it starts, and ends the process. */

import { runCommand } from './cli/command.js';
import { runWorker } from './daemon/worker.js';
import { VfsdError } from './errors.js';
import { LineLogger } from './log/logger.js';
import { DescriptorSink } from './log/stderr-sink.js';

/** The argument with which the launcher starts the worker; not an option of the command. */
const workerArgument = '--worker';
const unexpectedErrorStatus = 70;

async function run(args: readonly string[]): Promise<number> {
  if (args.length === 1 && args[0] === workerArgument) return runWorker();
  return runCommand(args);
}

function report(error: unknown): number {
  const logger = new LineLogger(new DescriptorSink(), 'error');
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
process.exit(status);
