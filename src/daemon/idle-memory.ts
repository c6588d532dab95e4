// SPDX-License-Identifier: Apache-2.0

import type { Logger } from '../log/logger.js';
import { describeFailure, isSystemFailure } from '../native/system-failure.js';
import type { CleanMappings, NativeBinding } from '../native/types.js';

/** When V8 has tidied its heap up after the start, for which it needs much of itself once more. */
const settledMs = 10_000;

/**
 * Gives back what only the start has needed of the program files: most of what an idle worker would use. What is
 * needed again is still in the page cache. To be called while /proc is there; what it returns, when the worker is ready.
 */
export function keepIdleMemorySmall(
  binding: Pick<NativeBinding, 'findCleanMappings'>,
  logger: Logger,
): () => void {
  const mappings = binding.findCleanMappings();
  if (isSystemFailure(mappings)) {
    logger.debug(`memory of the start is kept: ${describeFailure(mappings)}`);
    return () => undefined;
  }
  return () => {
    setImmediate(() => {
      drop(mappings, logger);
    });
    setTimeout(() => {
      drop(mappings, logger);
    }, settledMs).unref();
  };
}

function drop(mappings: CleanMappings, logger: Logger): void {
  const failure = mappings.drop();
  if (failure !== undefined) logger.debug(`memory is kept: ${describeFailure(failure)}`);
}
