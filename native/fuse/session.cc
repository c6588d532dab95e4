// SPDX-License-Identifier: Apache-2.0
#include "fuse/session.h"

#include <algorithm>

namespace vfsd::fuse {
namespace {

// As many requests as the guest likes may be under way: the ring is the limit, not this number.
constexpr uint16_t kMaxBackground = UINT16_MAX;
constexpr uint16_t kCongestionThreshold = UINT16_MAX / 4 * 3;
constexpr uint32_t kPageSize = 4096;

// With access control lists the daemon applies the guest's umask: a directory's default list takes
// its place, which only the host's file system can tell at the moment of creation.
constexpr uint64_t kPosixAclFlags = abi::FUSE_POSIX_ACL | abi::FUSE_DONT_MASK;

}  // namespace

uint64_t Session::WantedFlags() const {
  uint64_t flags = abi::FUSE_ASYNC_READ | abi::FUSE_ATOMIC_O_TRUNC | abi::FUSE_BIG_WRITES |
                   abi::FUSE_ASYNC_DIO | abi::FUSE_PARALLEL_DIROPS | abi::FUSE_MAX_PAGES |
                   abi::FUSE_INIT_EXT | abi::FUSE_SETXATTR_EXT | abi::FUSE_CREATE_SUPP_GROUP |
                   abi::FUSE_ALLOW_IDMAP;
  if (options_.cache != CacheMode::kAlways) {
    flags |= abi::FUSE_AUTO_INVAL_DATA;
  } else {
    flags |= abi::FUSE_CACHE_SYMLINKS;
  }
  // Attributes that come with names are of no use where nothing may be cached.
  if (options_.readdirplus && options_.cache != CacheMode::kNever) {
    flags |= abi::FUSE_DO_READDIRPLUS | abi::FUSE_READDIRPLUS_AUTO;
  }
  if (options_.writeback) {
    flags |= abi::FUSE_WRITEBACK_CACHE;
  }
  if (options_.posix_acl != Negotiation::kNever) {
    flags |= kPosixAclFlags;
  }
  if (options_.security_label != Negotiation::kNever) {
    flags |= abi::FUSE_SECURITY_CTX;
  }
  if (options_.killpriv_v2) {
    flags |= abi::FUSE_HANDLE_KILLPRIV_V2;
  }
  if (options_.announce_submounts) {
    flags |= abi::FUSE_SUBMOUNTS;
  }
  if (options_.allow_mmap) {
    flags |= abi::FUSE_DIRECT_IO_ALLOW_MMAP;
  }
  if (options_.posix_lock) {
    flags |= abi::FUSE_POSIX_LOCKS;
  }
  if (options_.flock) {
    flags |= abi::FUSE_FLOCK_LOCKS;
  }
  return flags;
}

uint64_t Session::AgreeOn(uint64_t offered) const {
  uint64_t flags = offered & WantedFlags();
  // One without the other would leave a guest's umask or a directory's default list unapplied.
  if ((flags & kPosixAclFlags) != kPosixAclFlags) {
    flags &= ~kPosixAclFlags;
  }
  return flags;
}

uint64_t Session::RequiredFlags() const {
  return (options_.posix_acl == Negotiation::kAlways ? kPosixAclFlags : 0) |
         (options_.security_label == Negotiation::kAlways ? abi::FUSE_SECURITY_CTX : 0);
}

Result<abi::fuse_init_out> Session::Init(const abi::fuse_init_in& guest) {
  if (guest.major < abi::FUSE_KERNEL_VERSION ||
      (guest.major == abi::FUSE_KERNEL_VERSION && guest.minor < abi::kOldestMinorVersion)) {
    return Errno(EPROTO);
  }
  abi::fuse_init_out reply = {};
  reply.major = abi::FUSE_KERNEL_VERSION;
  reply.minor = abi::FUSE_KERNEL_MINOR_VERSION;
  if (guest.major > abi::FUSE_KERNEL_VERSION) {
    // A newer major: the guest reads our version and asks again in it.
    return reply;
  }
  const bool extended = (guest.flags & abi::FUSE_INIT_EXT) != 0;
  const uint64_t offered = guest.flags | (extended ? static_cast<uint64_t>(guest.flags2) << 32 : 0);
  if ((RequiredFlags() & ~offered) != 0) {
    return Errno(EOPNOTSUPP);
  }
  const std::scoped_lock lock(change_);
  file_system_.Reset();

  const uint64_t flags = AgreeOn(offered);
  reply.minor = std::min(guest.minor, abi::FUSE_KERNEL_MINOR_VERSION);
  reply.max_readahead = guest.max_readahead;
  reply.flags = static_cast<uint32_t>(flags);
  reply.flags2 = static_cast<uint32_t>(flags >> 32);
  reply.max_background = kMaxBackground;
  reply.congestion_threshold = kCongestionThreshold;
  reply.max_write = kMaxWrite;
  reply.max_pages = kMaxWrite / kPageSize;
  reply.time_gran = 1;
  negotiated_.store(flags, std::memory_order_relaxed);
  active_.store(true, std::memory_order_release);
  return reply;
}

void Session::End() {
  const std::scoped_lock lock(change_);
  active_.store(false, std::memory_order_release);
  file_system_.Reset();
}

}  // namespace vfsd::fuse
