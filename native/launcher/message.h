// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace vfsd::launcher {

/** From now on this program, and not vfsd, speaks: "NAME: error: …", and without hints, which name
 * vfsd's options. */
void SpeakAs(const char* program);

/** From now on it speaks to syslog on this connected socket, or to standard error again. */
void SpeakTo(int descriptor);

/** Says one line, on standard error as "vfsd: …". */
void Say(const std::string& text);

/**
 * Says that `what` could not be done and what the system answered, in errno. Answers false, so that
 * it can be returned.
 */
bool Failed(const std::string& what, const char* hint = nullptr);

}  // namespace vfsd::launcher
