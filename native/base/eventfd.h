// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdint>

#include "base/retry.h"

namespace vfsd {

/** Adds 1 to an eventfd. A counter that is full (EAGAIN) has a reader that will wake up anyway. */
inline Status SignalEventfd(int fd) {
  const uint64_t one = 1;
  const auto written = Retry([&] { return write(fd, &one, sizeof one); });
  return written || written.error() == Errno(EAGAIN) ? Status() : Status(written.error());
}

}  // namespace vfsd
