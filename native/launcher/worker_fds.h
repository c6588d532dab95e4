// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::launcher {

/** The descriptors with which the worker begins, beside 0 to 2. src/sandbox/worker-fds.ts has the
 * same numbers. */
enum WorkerFd : int {
  kListenFd = 3,
  kConfigFd = 4,
  kControlFd = 5,
  kProcSelfFd = 6,
  kRootFd = 7,
  kProcessFilterFd = 8,
  kMainThreadFilterFd = 9,
  kDataThreadsFilterFd = 10,
  kLockThreadsFilterFd = 11,
  kLogFd = 12,
  kControlListenFd = 13,
  kWorkerFdEnd = 14,
};

// The conversation on the control socket, a byte each.

/** The launcher: the id maps are written and it has entered the sandbox, go on. */
inline constexpr char kGo = 'G';
/** The child: here is the tree to pivot into (with the tree's descriptor). */
inline constexpr char kTree = 'T';
/** The worker: everything is loaded and every thread is created. */
inline constexpr char kLoaded = 'L';
/** The launcher: the shared tree is the root now. */
inline constexpr char kConfined = 'C';

// What the worker says behind that, for a service manager: messages of their own, once it has one.

/** Front-ends are accepted. */
inline constexpr char kReady = 'R';
/** The control thread is at work. */
inline constexpr char kAlive = 'A';
/** How it is, with the text behind it. */
inline constexpr char kStatus = 'S';

}  // namespace vfsd::launcher
