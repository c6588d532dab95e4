// SPDX-License-Identifier: Apache-2.0
#include "launcher/message.h"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace vfsd::launcher {

void Say(const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  // One write, so that lines of several processes do not mix. Nothing helps when standard error is gone.
  dprintf(STDERR_FILENO, "vfsd: %s\n", line);
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
