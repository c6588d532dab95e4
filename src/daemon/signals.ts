// SPDX-License-Identifier: Apache-2.0

import type { Logger } from '../log/logger.js';

const endingSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Ends the daemon on the usual signals. As process 1 of its namespace the worker has no default reactions: without a
 * handler SIGTERM would do nothing.
 */
export function installSignalHandlers(logger: Logger, stop: () => void): void {
  for (const signal of endingSignals) {
    process.on(signal, () => {
      logger.info(`${signal}: ending`);
      stop();
    });
  }
  // Without a listener Node answers SIGUSR1 by opening its inspector to whoever can reach it.
  process.on('SIGUSR1', () => {
    logger.debug('SIGUSR1: ignored');
  });
}
