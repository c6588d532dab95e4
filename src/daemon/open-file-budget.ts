// SPDX-License-Identifier: Apache-2.0

/** How the descriptors that the process may have are divided. */
export interface OpenFileBudget {
  /** How many the guest may make the daemon hold. */
  readonly guestFdLimit: number;
  /** How many memory regions a front-end may build up with ADD_MEM_REG. */
  readonly memorySlots: number;
}

// QEMU has at most 512 and needs a few itself; libvhost-user offers the same number.
const manySlots = 509;
const fewSlots = 32;
const fdsPerRing = 8;
const fdsOfTheProcess = 64;
const smallestGuestLimit = 64;
/** Below this limit, descriptors for hundreds of memory regions would leave too few for the guest's files. */
const roomyLimit = 4096;

/** The smallest limit on open files that a device with so many request queues can work with. */
export function smallestOpenFileLimit(requestQueues: number): number {
  return reserve(requestQueues, fewSlots) + smallestGuestLimit;
}

/**
 * Sets aside what the daemon itself needs, so that a guest with many open files gets EMFILE before the daemon does.
 * @param limit the soft RLIMIT_NOFILE
 */
export function divideOpenFiles(limit: number, requestQueues: number): OpenFileBudget {
  const memorySlots = limit >= roomyLimit ? manySlots : fewSlots;
  return { memorySlots, guestFdLimit: Math.max(1, limit - reserve(requestQueues, memorySlots)) };
}

function reserve(requestQueues: number, memorySlots: number): number {
  return fdsOfTheProcess + fdsPerRing * (requestQueues + 1) + memorySlots;
}
