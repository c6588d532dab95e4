// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/retry.h"

namespace vfsd::sys {

/** A descriptor's name in /proc/self/fd. */
class FdName {
 public:
  explicit FdName(int fd) {
    *std::to_chars(text_.data(), text_.data() + text_.size() - 1, fd).ptr = '\0';
  }
  const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 12> text_;
};

/**
 * The directory /proc/self/fd, through which an O_PATH descriptor is opened for reading and
 * writing, and which is the working directory of the whole process while it serves: a system call
 * that wants a path, such as truncate(2) or getxattr(2), is given a descriptor's bare number.
 * Nothing else is reachable from there by a relative path; in the sandbox it is a mount of its own
 * that has no parent.
 */
class ProcSelfFd {
 public:
  explicit ProcSelfFd(UniqueFd directory) : directory_(std::move(directory)) {}

  int get() const { return directory_.get(); }

  /** Makes it the working directory of the process. */
  Status Enter() const {
    return RetryStatus([this] { return fchdir(directory_.get()); });
  }

  /** Opens what `fd` refers to. The caller makes sure that it is no device and no FIFO. */
  Result<UniqueFd> Reopen(int fd, int flags) const {
    return RetryFd([&] {
      return openat(directory_.get(), FdName(fd).c_str(), (flags & ~O_NOFOLLOW) | O_CLOEXEC);
    });
  }

 private:
  UniqueFd directory_;
};

}  // namespace vfsd::sys
