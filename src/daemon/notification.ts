// SPDX-License-Identifier: Apache-2.0

/** What a service manager asks for, by the environment of the command (sd_notify(3), sd_watchdog_enabled(3)). */
export interface Notification {
  /** The manager's socket; null: it does not want to be told. */
  readonly socket: string | null;
  /** How often it wants to hear that the daemon is at work, in microseconds; null: never. */
  readonly watchdogUs: number | null;
}

/** @param pid of this process: a watchdog for another one is none of ours */
export function readNotification(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): Notification {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  if (socket === undefined || !/^[/@]/.test(socket)) return { socket: null, watchdogUs: null };
  const isOurs = watched === undefined || watched === String(pid);
  const watchdogUs = isOurs && /^[1-9][0-9]{0,14}$/.test(usec ?? '') ? Number(usec) : null;
  return { socket, watchdogUs };
}
