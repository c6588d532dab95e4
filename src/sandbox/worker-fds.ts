// SPDX-License-Identifier: Apache-2.0

import type { Fd } from '../native/types.js';

/**
 * The descriptors that the launcher leaves open in the worker, under fixed numbers. native/launcher places them;
 * nothing else but 0, 1 and 2 survives the exec.
 */
export const workerFds = Object.freeze({
  /** The listening vhost-user socket. */
  listener: 3 as Fd,
  /** Sealed memory file with the configuration as JSON. */
  config: 4 as Fd,
  /** Socket to the launcher: "loaded" goes out, "confined" comes back. */
  control: 5 as Fd,
  /** This process's /proc/self/fd, read-only: the way to open an O_PATH descriptor again. */
  procSelfFd: 6 as Fd,
  /** The root of the shared tree, O_PATH. */
  root: 7 as Fd,
  /** BPF program for all threads; closed with `--seccomp=none`. */
  processFilter: 8 as Fd,
  /** BPF program for the main thread alone; closed with `--seccomp=none`. */
  mainThreadFilter: 9 as Fd,
  /** BPF program for each data thread; closed with `--seccomp=none`. */
  dataThreadsFilter: 10 as Fd,
  /** BPF program for each thread that waits for locks; closed where there are none, and with `--seccomp=none`. */
  lockThreadsFilter: 11 as Fd,
  /** The journal's or syslog's socket; closed where the log goes to stderr. */
  log: 12 as Fd,
  /** The listening control socket; closed where there is none. */
  controlListener: 13 as Fd,
});
