// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <cstdint>

#include "abi/fuse.h"
#include "base/result.h"

namespace vfsd::fs::passthrough {

/**
 * A lock as the host's kernel takes it. Both kinds belong to an open file description, and so never
 * to the daemon as a process.
 */
struct HostLock {
  enum class Kind : uint8_t {
    kRange,      // fcntl(2), F_OFD_SETLK
    kWholeFile,  // flock(2)
  };

  Kind kind;
  /** F_RDLCK, F_WRLCK or F_UNLCK. */
  int16_t type;
  /** Of a range; the length is 0 for one without an end. */
  off_t start = 0;
  off_t length = 0;

  /** EINVAL: a type that there is not, or a range that begins or ends where no file can. */
  static Result<HostLock> FromGuest(const abi::fuse_lk_in& in);

  /** Sets it on the open file description `fd`. EAGAIN: another one is in the way. */
  Status Try(int fd) const;

  /** The same, and waits. EINTR: a signal came first. */
  Status Wait(int fd) const;

  /** The lock of another description that is in the way of this range, or one of type F_UNLCK. */
  Result<abi::fuse_file_lock> FindConflict(int fd) const;

  bool exclusive() const { return type == F_WRLCK; }

  /** Of a range, inclusive: Linux' largest offset for one without an end. */
  uint64_t last() const;

  /** All of the other's range lies in this one's. */
  bool Contains(const HostLock& other) const;
};

}  // namespace vfsd::fs::passthrough
