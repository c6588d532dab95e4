// SPDX-License-Identifier: Apache-2.0
#include "launcher/message.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/retry.h"

namespace vfsd::launcher {

void Say(const std::string& text) {
  const std::string line = "vfsd: " + text + "\n";
  // One write, so that lines of several processes do not mix. Nothing helps when standard error is
  // gone.
  static_cast<void>(Retry([&] { return write(STDERR_FILENO, line.data(), line.size()); }));
}

bool Failed(const std::string& what, const char* hint) {
  const std::string answer = what + ": " + strerror(errno);
  Say(hint == nullptr ? answer : answer + "; " + hint);
  return false;
}

}  // namespace vfsd::launcher
