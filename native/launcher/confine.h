// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/options.h"

namespace vfsd::launcher {

// Each answers false when it has failed, and has said so.

/** Makes the calling user uid and gid 0 of the child's user namespace, the only ids there are in
 * it. */
[[nodiscard]] bool WriteIdMaps(int child_pid);

/** Enters the child's namespaces, from where its root can be changed. */
[[nodiscard]] bool JoinChild(const Options& options, int pidfd);

/**
 * Makes `tree` the root directory of the worker, of every thread it has, and of the launcher: in
 * the mount namespace that they share (pivot_root), or in the file system context that they share
 * (chroot).
 */
[[nodiscard]] bool MoveIntoTree(const Options& options, int tree);

}  // namespace vfsd::launcher
