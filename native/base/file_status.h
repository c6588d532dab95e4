// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/result.h"

namespace vfsd {

/**
 * fstat(2). The raw call: glibc's function uses newfstatat, which the main thread's filter denies
 * because it takes a path.
 */
inline Result<struct stat> FileStatus(int fd) {
  struct stat status;
  if (syscall(SYS_fstat, fd, &status) != 0) {
    return Errno::Last();
  }
  return status;
}

}  // namespace vfsd
