// SPDX-License-Identifier: Apache-2.0

import { usage } from '../config/usage.js';
import type { GivenOptions } from '../config/validate.js';

/** The first descriptor that a service manager passes (sd_listen_fds(3)). */
const firstPassed = 3;

type Environment = Readonly<Record<string, string | undefined>>;

/** How many sockets a service manager has passed to this process, and not to one that it was started by. */
function passedSockets(environment: Environment, pid: number): number {
  const { LISTEN_PID: wanted, LISTEN_FDS: count } = environment;
  if (wanted !== String(pid) || count === undefined || !/^[0-9]{1,5}$/.test(count)) return 0;
  return Number(count);
}

/**
 * The options with the socket that a service manager has opened, if it has. Such a socket outlives its connections, and
 * so does the daemon, unless `--exit-on-disconnect` says otherwise. Throws VFSD_CONFIG_USAGE where it is not clear which
 * socket is meant.
 */
export function withPassedSocket(
  given: GivenOptions,
  environment: Environment,
  pid: number,
): GivenOptions {
  const count = passedSockets(environment, pid);
  if (count === 0) return given;
  if (count > 1) {
    throw usage(
      `the service manager passes ${count} sockets, and vfsd takes one: ` +
        'leave one ListenStream= in the socket unit',
    );
  }
  for (const option of ['socket-path', 'fd'] as const) {
    if (given.values[option] === undefined) continue;
    throw usage(
      `the service manager passes a socket, and --${option} names another: leave ${option} out, ` +
        'or stop the socket unit',
    );
  }
  const flags = new Set(given.flags);
  if (!flags.has('exit-on-disconnect')) flags.add('no-exit-on-disconnect');
  return { ...given, values: { ...given.values, fd: String(firstPassed) }, flags };
}
