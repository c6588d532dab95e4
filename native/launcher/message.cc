// SPDX-License-Identifier: Apache-2.0
#include "launcher/message.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "base/retry.h"

namespace vfsd::launcher {

// A C-style variadic function, for the sake of the compiler's check of formats.
// NOLINTNEXTLINE(cert-dcl50-cpp)
void Say(const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int prefix = snprintf(line, sizeof line, "vfsd: ");
  const size_t room = sizeof line - static_cast<size_t>(prefix) - 1;
  const int text = vsnprintf(line + prefix, room, format, arguments);
  va_end(arguments);
  const size_t shown = text < 0 ? 0 : std::min(static_cast<size_t>(text), room - 1);
  const size_t length = static_cast<size_t>(prefix) + shown;
  line[length] = '\n';
  // One write, so that lines of several processes do not mix. Nothing helps when standard error is
  // gone.
  static_cast<void>(Retry([&] { return write(STDERR_FILENO, line, length + 1); }));
}

bool Failed(const char* what, const char* hint) {
  const int error = errno;
  if (hint != nullptr) {
    Say("%s: %s; %s", what, strerror(error), hint);
  } else {
    Say("%s: %s", what, strerror(error));
  }
  return false;
}

}  // namespace vfsd::launcher
