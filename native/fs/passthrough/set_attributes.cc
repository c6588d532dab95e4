// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"
#include "fs/set_id_bits.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

namespace {

constexpr uint32_t kAnyTime =
    abi::FATTR_ATIME | abi::FATTR_MTIME | abi::FATTR_ATIME_NOW | abi::FATTR_MTIME_NOW;

Status ApplyOwner(const Inode& inode, const abi::fuse_setattr_in& in) {
  const uid_t uid = (in.valid & abi::FATTR_UID) != 0 ? in.uid : static_cast<uid_t>(-1);
  const gid_t gid = (in.valid & abi::FATTR_GID) != 0 ? in.gid : static_cast<gid_t>(-1);
  return RetryStatus(
      [&] { return fchownat(inode.fd.get(), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW); });
}

Status ApplyMode(const Inode& inode, const abi::fuse_setattr_in& in, const sys::ProcSelfFd& proc) {
  if (inode.type == S_IFLNK) {
    return Errno(EOPNOTSUPP);
  }
  return proc.ChangeMode(inode.fd.get(), in.mode & kModeBits);
}

timespec TimeOf(uint32_t valid, uint32_t set, uint32_t now, uint64_t seconds,
                uint32_t nanoseconds) {
  if ((valid & now) != 0) {
    return {0, UTIME_NOW};
  }
  if ((valid & set) != 0) {
    return {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
  }
  return {0, UTIME_OMIT};
}

Status ApplyTimes(const Inode& inode, const abi::fuse_setattr_in& in) {
  // A nanosecond count that only means something to utimensat(2) must not come from the guest.
  constexpr uint32_t kSecond = 1'000'000'000;
  if (in.atimensec >= kSecond || in.mtimensec >= kSecond) {
    return Errno(EINVAL);
  }
  const timespec times[2] = {
      TimeOf(in.valid, abi::FATTR_ATIME, abi::FATTR_ATIME_NOW, in.atime, in.atimensec),
      TimeOf(in.valid, abi::FATTR_MTIME, abi::FATTR_MTIME_NOW, in.mtime, in.mtimensec)};
  return RetryStatus(
      [&] { return utimensat(inode.fd.get(), "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW); });
}

}  // namespace

void Passthrough::AnnounceTruncation(const RequestContext& context, int fd, MountTraits traits,
                                     uint64_t size) {
  // Less is freed sooner than another thread has woken up.
  constexpr uint64_t kMuch = uint64_t{1024} * 1024;
  constexpr uint64_t kBlock = 512;
  if (traits.asks_server) {
    // Handed over already.
    return;
  }
  // With flush_matters it is overlayfs, which may copy the whole file for its first change.
  if (!traits.flush_matters) {
    const auto attributes = Stat(fd, "", STATX_BLOCKS);
    if (!attributes || attributes->stx_blocks * kBlock <= kMuch ||
        attributes->stx_blocks * kBlock - kMuch <= size) {
      return;
    }
  }
  context.sleep.AboutToSleep();
}

Status Passthrough::ApplySize(const RequestContext& context, const Inode& inode,
                              const abi::fuse_setattr_in& in, NodeId node) {
  if (in.size > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return Errno(EFBIG);
  }
  const auto size = static_cast<off_t>(in.size);
  // Without that agreement Linux sends the mode that is to be left, too.
  const bool clears =
      context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2) && (in.valid & abi::FATTR_KILL_SUIDGID) != 0;
  const Status decided = DecideSetIdBits(context, clears);
  if (!decided) {
    return decided.error();
  }
  if ((in.valid & abi::FATTR_FH) != 0) {
    const Result<FileRef> file = files_.Find(node, fuse::FileHandle{in.fh});
    if (!file) {
      return file.error();
    }
    AnnounceTruncation(context, (*file)->fd.get(), (*file)->traits, in.size);
    return RetryStatus([&] { return ftruncate((*file)->fd.get(), size); });
  }
  if (inode.type != S_IFREG) {
    return Errno(inode.type == S_IFDIR ? EISDIR : EINVAL);
  }
  AnnounceTruncation(context, inode.fd.get(), inode.traits, in.size);
  return RetryStatus([&] { return truncate(sys::FdName(inode.fd.get()).c_str(), size); });
}

Result<abi::fuse_attr_out> Passthrough::SetAttr(RequestContext& context, NodeId node,
                                                const abi::fuse_setattr_in& in) {
  const Result<InodeRef> found = FindInode(context, node);
  if (!found) {
    return found.error();
  }
  const Inode& inode = **found;
  Status done;
  // The owner before the mode, since a change of owner clears set-id bits; the size before the
  // times it would move.
  if ((in.valid & (abi::FATTR_UID | abi::FATTR_GID)) != 0) {
    // Linux says so for every change of owner; whom it concerns is for the daemon to know.
    const bool clears = (in.valid & abi::FATTR_KILL_SUIDGID) != 0 && ChangesAsUser(context);
    done = DecideSetIdBits(context, clears);
    if (done) {
      done = ApplyOwner(inode, in);
    }
  }
  if (done && (in.valid & abi::FATTR_MODE) != 0) {
    // The guest's kernel has decided which bits its user may set.
    done = identity::KeepSetIdBits(identity_, true);
    if (done) {
      done = ApplyMode(inode, in, proc_self_fd_);
    }
  }
  if (done && (in.valid & abi::FATTR_SIZE) != 0) {
    done = ApplySize(context, inode, in, node);
  }
  if (done && (in.valid & kAnyTime) != 0) {
    done = ApplyTimes(inode, in);
  }
  return done ? AttributesOf(context, inode) : done.error();
}

}  // namespace vfsd::fs::passthrough
