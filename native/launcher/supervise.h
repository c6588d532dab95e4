// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/kernel_log.h"
#include "launcher/service_manager.h"

namespace vfsd::launcher {

/**
 * Blocks the signals that ask for the end, so that none is lost before Supervise() looks. Where
 * they are let through (AwaitReadable) they interrupt the wait and are remembered.
 */
void BlockSupervisedSignals();

/**
 * Waits for the worker's end and passes SIGTERM, SIGINT and SIGHUP on to it as SIGTERM; a worker
 * that does not end in time is killed. Meanwhile the manager is told what the worker says. Answers
 * the exit status for the launcher, and has said why when the worker was killed by a signal: the
 * log may know for which system call.
 */
int Supervise(int pidfd, const KernelLog& log, ServiceManager& manager);

/** Kills the worker, if it has not ended already, waits for its end and answers 1, or the status
 * that it ended with. */
int Abandon(int pidfd, const KernelLog& log);

}  // namespace vfsd::launcher
