// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::launcher {

/** Makes sure that the directory can be opened by a file handle. False if not, which has been said.
 */
[[nodiscard]] bool RequireFileHandles(const char* directory);

}  // namespace vfsd::launcher
