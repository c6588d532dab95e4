// SPDX-License-Identifier: Apache-2.0
#include "host_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

using vfsd::testing::host_calls;

extern "C" {

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved.

int statx(int directory, const char* path, int flags, unsigned mask, struct statx* out) noexcept {
  ++host_calls.statx;
  return static_cast<int>(syscall(SYS_statx, directory, path, flags, mask, out));
}

// NOLINTNEXTLINE(cert-dcl50-cpp): it is what is replaced.
int openat(int directory, const char* path, int flags, ...) {
  ++host_calls.openat;
  if (host_calls.openat_error != 0) {
    errno = host_calls.openat_error;
    return -1;
  }
  va_list rest;
  va_start(rest, flags);
  // Read by the kernel only with the flags that say it is there.
  const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 does not see va_start.
  const mode_t mode = has_mode ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}

ssize_t getxattr(const char* path, const char* name, void* value, size_t size) noexcept {
  host_calls.getxattr_room = size;
  if (host_calls.getxattr_error != 0) {
    errno = host_calls.getxattr_error;
    return -1;
  }
  return syscall(SYS_getxattr, path, name, value, size);
}

// A position is one register here, which the kernel takes as its lower half.
static_assert(sizeof(long) == sizeof(off_t));

ssize_t preadv2(int fd, const iovec* segments, int count, off_t offset, int flags) {
  ++host_calls.preadv2;
  return syscall(SYS_preadv2, fd, segments, count, offset, 0, flags);
}

ssize_t pwritev2(int fd, const iovec* segments, int count, off_t offset, int flags) {
  ++host_calls.pwritev2;
  return syscall(SYS_pwritev2, fd, segments, count, offset, 0, flags);
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)
}
