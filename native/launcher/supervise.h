// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/kernel_log.h"

namespace vfsd::launcher {

/**
 * Blocks the signals that Supervise() waits for, so that none is lost before it does. Where they
 * are let through (AwaitReadable) they interrupt the wait and do nothing else.
 */
void BlockSupervisedSignals();

/**
 * Waits for the worker's end and passes SIGTERM, SIGINT and SIGHUP on to it as SIGTERM; a worker
 * that does not end in time is killed. Answers the exit status for the launcher, and has said why
 * when the worker was killed by a signal: the log may know for which system call.
 */
int Supervise(int pidfd, const KernelLog& log);

/** Kills the worker, if it has not ended already, waits for its end and answers 1, or the status
 * that it ended with. */
int Abandon(int pidfd, const KernelLog& log);

}  // namespace vfsd::launcher
