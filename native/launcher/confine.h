// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/options.h"

namespace vfsd::launcher {

// Each answers false when it has failed, and has said so.

/**
 * Whether the child's root can be changed only from within its user namespace. Whoever is
 * privileged outside stays there, and can still remove the socket's file. To be asked before
 * JoinChild().
 */
[[nodiscard]] bool MustEnterUserNamespace(const Options& options);

/** Enters the child's namespaces, from where its root can be changed. */
[[nodiscard]] bool JoinChild(const Options& options, bool user_namespace, int pidfd);

/**
 * Makes `tree` the root directory of the worker, of every thread it has, and of the launcher: in
 * the mount namespace that they share (pivot_root), or in the file system context that they share
 * (chroot).
 */
[[nodiscard]] bool MoveIntoTree(const Options& options, int tree);

}  // namespace vfsd::launcher
