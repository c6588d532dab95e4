// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace vfsd::launcher {

/** Writes one line to standard error, as "vfsd: …". */
void Say(const std::string& text);

/**
 * Says that `what` could not be done and what the system answered, in errno. Answers false, so that
 * it can be returned.
 */
bool Failed(const std::string& what, const char* hint = nullptr);

}  // namespace vfsd::launcher
