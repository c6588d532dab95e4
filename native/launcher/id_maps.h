// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/options.h"

namespace vfsd::launcher {

/**
 * Says which ids exist in the child's user namespace: those of the options or, for users or groups
 * without any, the caller's own as 0. Where the kernel does not let this process write a map,
 * newuidmap(1) and newgidmap(1) do it. False on failure, which has been said.
 */
[[nodiscard]] bool WriteIdMaps(const Options& options, int child_pid);

}  // namespace vfsd::launcher
