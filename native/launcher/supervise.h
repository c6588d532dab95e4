// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::launcher {

/** Keeps the signals that Supervise() waits for from being lost before it does. */
void BlockSupervisedSignals();

/**
 * Waits for the worker's end and passes SIGTERM, SIGINT and SIGHUP on to it as SIGTERM; a worker
 * that does not end in time is killed. Answers the exit status for the launcher, and has said why
 * when the worker was killed by a signal.
 */
int Supervise(int pidfd);

/** Kills the worker, if it has not ended already, waits for its end and answers 1, or the status
 * that it ended with. */
int Abandon(int pidfd);

}  // namespace vfsd::launcher
