// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

#include "base/retry.h"

namespace vfsd {

/** Sets O_NONBLOCK: a descriptor from outside may be a pipe that nobody reads, or an eventfd at its
 * limit. */
inline Status MakeNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  const bool done = flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
  return done ? Status() : Status(Errno::Last());
}

/** Adds 1 to a non-blocking eventfd. A full one (EAGAIN) has a reader that will wake up anyway. */
inline Status SignalEventfd(int fd) {
  const uint64_t one = 1;
  const auto written = Retry([&] { return write(fd, &one, sizeof one); });
  return written || written.error() == Errno(EAGAIN) ? Status() : Status(written.error());
}

}  // namespace vfsd
