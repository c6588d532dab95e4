// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/host_lock.h"

#include <sys/file.h>

#include <limits>

#include "base/retry.h"

namespace vfsd::fs::passthrough {
namespace {

/** OFFSET_MAX of Linux: as the last byte of a range it stands for "to the end". */
constexpr uint64_t kLastByte = std::numeric_limits<off_t>::max();

int FlockOperation(int16_t type) {
  switch (type) {
    case F_RDLCK:
      return LOCK_SH;
    case F_WRLCK:
      return LOCK_EX;
    default:
      return LOCK_UN;
  }
}

struct flock ToHost(const HostLock& lock) {
  // The process id has to be 0: the owner is the open file description.
  return {.l_type = lock.type,
          .l_whence = SEEK_SET,
          .l_start = lock.start,
          .l_len = lock.length,
          .l_pid = 0};
}

/** fcntl(2) may answer either when there is a lock in the way. */
Status Unified(const Status& answer) {
  return !answer && answer.error() == Errno(EACCES) ? Status(Errno(EAGAIN)) : answer;
}

}  // namespace

Result<HostLock> HostLock::FromGuest(const abi::fuse_lk_in& in) {
  if ((in.lk_flags & ~abi::FUSE_LK_FLOCK) != 0 ||
      (in.lk.type != F_RDLCK && in.lk.type != F_WRLCK && in.lk.type != F_UNLCK)) {
    return Errno(EINVAL);
  }
  const auto type = static_cast<int16_t>(in.lk.type);
  if ((in.lk_flags & abi::FUSE_LK_FLOCK) != 0) {
    return HostLock{.kind = Kind::kWholeFile, .type = type};
  }
  if (in.lk.start > in.lk.end || in.lk.end > kLastByte) {
    return Errno(EINVAL);
  }
  const uint64_t length = in.lk.end == kLastByte ? 0 : in.lk.end - in.lk.start + 1;
  return HostLock{.kind = Kind::kRange,
                  .type = type,
                  .start = static_cast<off_t>(in.lk.start),
                  .length = static_cast<off_t>(length)};
}

Status HostLock::Try(int fd) const {
  struct flock lock = ToHost(*this);
  return Unified(RetryStatus([&] {
    return kind == Kind::kWholeFile ? flock(fd, FlockOperation(type) | LOCK_NB)
                                    : fcntl(fd, F_OFD_SETLK, &lock);
  }));
}

Status HostLock::Wait(int fd) const {
  struct flock lock = ToHost(*this);
  const int answer =
      kind == Kind::kWholeFile ? flock(fd, FlockOperation(type)) : fcntl(fd, F_OFD_SETLKW, &lock);
  return answer == 0 ? Status() : Unified(Errno::Last());
}

Result<abi::fuse_file_lock> HostLock::FindConflict(int fd) const {
  struct flock lock = ToHost(*this);
  const Status found = RetryStatus([&] { return fcntl(fd, F_OFD_GETLK, &lock); });
  if (!found) {
    return found.error();
  }
  if (lock.l_type == F_UNLCK) {
    return abi::fuse_file_lock{.start = 0, .end = 0, .type = F_UNLCK, .pid = 0};
  }
  const auto start = static_cast<uint64_t>(lock.l_start);
  const auto length = static_cast<uint64_t>(lock.l_len);
  return abi::fuse_file_lock{.start = start,
                             .end = length == 0 ? kLastByte : start + length - 1,
                             .type = static_cast<uint32_t>(lock.l_type),
                             .pid = 0};
}

uint64_t HostLock::last() const {
  return length == 0 ? kLastByte : static_cast<uint64_t>(start + (length - 1));
}

bool HostLock::Contains(const HostLock& other) const {
  return start <= other.start && last() >= other.last();
}

}  // namespace vfsd::fs::passthrough
