// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

#ifndef SYS_fchmodat2
// Not in the C library's headers before Linux 6.6. New calls have one number on all architectures.
#define SYS_fchmodat2 452
#endif

/**
 * The directory /proc/self/fd, through which an O_PATH descriptor is opened for reading and
 * writing, and which is the working directory of the whole process while it serves: a system call
 * that wants a path, such as truncate(2) or getxattr(2), is given a descriptor's bare number.
 * Nothing else is reachable from there by a relative path; in the sandbox it is a mount of its own
 * that has no parent.
 *
 * Where the kernel has calls that take the descriptor itself, they save the walk through procfs.
 * They are tried once, on the directory: whatever keeps one from working, be it an older kernel or
 * somebody else's filter, is no reason for an operation to fail.
 */
class ProcSelfFd {
 public:
  explicit ProcSelfFd(UniqueFd directory)
      : directory_(std::move(directory)),
        has_open_tree_(UniqueFd(OpenTree(get())).get() >= 0),
        has_fchmodat2_(FChModAt2(-1, 0) < 0 && errno == EBADF) {}

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

  /** An O_PATH descriptor of what `fd`, which may be open for anything, refers to. */
  Result<UniqueFd> OpenPath(int fd) const {
    return has_open_tree_ ? RetryFd([fd] { return OpenTree(fd); }) : Reopen(fd, O_PATH);
  }

  /** chmod(2) of what `fd`, which may be an O_PATH descriptor, refers to. */
  Status ChangeMode(int fd, mode_t mode) const {
    return RetryStatus([&] {
      return has_fchmodat2_ ? FChModAt2(fd, mode)
                            : fchmodat(directory_.get(), FdName(fd).c_str(), mode, 0);
    });
  }

 private:
  // Without OPEN_TREE_CLONE this is an open(2) with O_PATH. The seccomp policy compares the flags
  // of both calls in all 64 bits.
  static int OpenTree(int fd) {
    constexpr long kFlags = long{AT_EMPTY_PATH} | long{OPEN_TREE_CLOEXEC};
    return static_cast<int>(syscall(SYS_open_tree, fd, "", kFlags));
  }
  static int FChModAt2(int fd, mode_t mode) {
    return static_cast<int>(syscall(SYS_fchmodat2, fd, "", mode, long{AT_EMPTY_PATH}));
  }

  UniqueFd directory_;
  bool has_open_tree_;
  bool has_fchmodat2_;
};

}  // namespace vfsd::sys
