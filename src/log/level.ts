// SPDX-License-Identifier: Apache-2.0

/** Log levels in the order of `--log-level`, the quietest first. */
export const logLevels = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** What `--log-level` accepts. */
export type LogLevel = (typeof logLevels)[number];

/** The level of one message. */
export type MessageLevel = Exclude<LogLevel, 'off'>;

/** True when a logger at `threshold` shows messages of `level`. */
export function isShown(level: MessageLevel, threshold: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(threshold);
}
