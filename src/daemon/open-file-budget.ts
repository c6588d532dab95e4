// SPDX-License-Identifier: Apache-2.0

/** How the descriptors that the process may have are divided. */
export interface OpenFileBudget {
  /** How many the guest may make the daemon hold. */
  readonly guestFdLimit: number;
  /** How many memory regions a front-end may build up with ADD_MEM_REG. */
  readonly memorySlots: number;
}

/** What of the device's shape decides how many descriptors the daemon needs for itself. */
export interface DeviceThreads {
  readonly requestQueues: number;
  /** Threads that stand by, beside one for each queue: `--thread-pool-size`. */
  readonly threadPoolSize: number;
}

// QEMU has at most 512 and needs a few itself; libvhost-user offers the same number.
const manySlots = 509;
const fewSlots = 32;
const smallestGuestLimit = 64;
/** Below this limit, descriptors for hundreds of memory regions would leave too few for the guest's files. */
const roomyLimit = 4096;

/** The smallest limit on open files that such a device can work with. */
export function smallestOpenFileLimit(threads: DeviceThreads): number {
  return reserve(threads, fewSlots) + smallestGuestLimit;
}

/**
 * Sets aside what the daemon itself needs, so that a guest with many open files gets EMFILE before the daemon does.
 * @param limit the soft RLIMIT_NOFILE
 */
export function divideOpenFiles(limit: number, threads: DeviceThreads): OpenFileBudget {
  const memorySlots = limit >= roomyLimit ? manySlots : fewSlots;
  return { memorySlots, guestFdLimit: Math.max(1, limit - reserve(threads, memorySlots)) };
}

/**
 * The daemon's own descriptors:
 * - for the process: Node's, the listener, the shared tree and /proc/self/fd, the connection, the back-end's channel,
 *   the up to eight that come with a message, and the new ones of a ring that replace its old ones at a start;
 * - for each ring: kick, call and error as the front-end sent them, and on the native side a kick and a call of its
 *   own, an epoll and a wake-up;
 * - for each data thread, for a moment: what a request opens before it counts for the guest or is closed again, an
 *   O_PATH descriptor and a file, or the three inodes that a RENAME works with while the guest has used up its own;
 * - for each memory region: its file.
 */
function reserve({ requestQueues, threadPoolSize }: DeviceThreads, memorySlots: number): number {
  const rings = 1 + requestQueues;
  const threads = rings + threadPoolSize;
  return 64 + (3 + 4) * rings + 3 * threads + memorySlots;
}
