// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::launcher {

/** Writes one line to standard error, as "vfsd: …". */
[[gnu::format(printf, 1, 2)]] void Say(const char* format, ...);

/**
 * Says that `what` could not be done and what the system answered, in errno. Answers false, so that
 * it can be returned.
 */
bool Failed(const char* what, const char* hint = nullptr);

}  // namespace vfsd::launcher
