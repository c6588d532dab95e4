// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vfsd::launcher {

/**
 * Keeps only these capabilities: permitted and effective, and the bounding set, so that no exec
 * brings back another. Empties the inheritable and ambient sets and sets no_new_privs. False on
 * failure, which has been said.
 */
[[nodiscard]] bool KeepOnly(uint64_t capabilities);

/** Whether the capability is effective in this process's own user namespace. */
[[nodiscard]] bool HasCapability(unsigned capability);

/**
 * Makes changes of the calling process's ids leave its capabilities alone, for good: a thread that
 * acts as a user of the guest then keeps them. Without CAP_SETPCAP nothing changes. False on
 * failure, which has been said.
 */
[[nodiscard]] bool SeparateCapabilitiesFromIds();

/** Becomes user and group 0 of the user namespace. False on failure, which has been said. */
[[nodiscard]] bool BecomeNamespaceRoot();

/** Leaves the supplementary groups, whose rights the guest must not use (CVE-2022-0358), where that
 * is possible. */
[[nodiscard]] bool LeaveSupplementaryGroups();

}  // namespace vfsd::launcher
