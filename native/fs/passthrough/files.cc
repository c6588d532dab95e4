// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::Name;
using fuse::NodeId;
using fuse::RequestContext;
using identity::ScopedIdentity;

namespace {

constexpr uint32_t kModeBits = 07777;

// What of the guest's open flags reaches the host. O_APPEND does not: it is applied to each write
// (RWF_APPEND), because the guest can change it at any time. O_NOATIME does not: it is only for a
// file's owner, which the daemon is not.
constexpr int kPassedFlags = O_ACCMODE | O_TRUNC | O_DSYNC | O_SYNC;

}  // namespace

int Passthrough::HostOpenFlags(uint32_t guest_flags) const {
  int flags = static_cast<int>(guest_flags) & kPassedFlags;
  if (options_.allow_direct_io) {
    flags |= static_cast<int>(guest_flags) & O_DIRECT;
  }
  // The guest's page cache reads the rest of a page before it writes a part of it, whatever the
  // mode of the open.
  if (options_.writeback && (flags & O_ACCMODE) == O_WRONLY) {
    flags = (flags & ~O_ACCMODE) | O_RDWR;
  }
  return flags | O_NONBLOCK | O_NOCTTY;
}

Result<UniqueFd> Passthrough::OpenRegular(const Inode& inode, int flags) const {
  if (inode.type != S_IFREG) {
    // Opening a device or a FIFO would give the guest the host's (CVE-2020-35517), or block.
    return Errno(inode.type == S_IFDIR ? EISDIR : inode.type == S_IFLNK ? ELOOP : ENXIO);
  }
  return proc_self_fd_.Reopen(inode.fd.get(), flags);
}

uint32_t Passthrough::FileOpenFlags(MountTraits traits) const {
  uint32_t flags = traits.flush_matters ? 0 : abi::FOPEN_NOFLUSH;
  switch (options_.cache) {
    case fuse::CacheMode::kNever:
    case fuse::CacheMode::kMetadata:
      return flags | abi::FOPEN_DIRECT_IO;
    case fuse::CacheMode::kAuto:
      return flags;
    case fuse::CacheMode::kAlways:
      return flags | abi::FOPEN_KEEP_CACHE;
  }
  return flags;
}

Result<abi::fuse_open_out> Passthrough::Register(NodeId node, UniqueFd fd, MountTraits traits) {
  FdBudget::Share share = budget_.Take();
  if (!share) {
    return Errno(EMFILE);
  }
  const auto handle = files_.Insert({node, std::move(fd), traits, std::move(share)});
  if (!handle) {
    return Errno(ENFILE);
  }
  return abi::fuse_open_out{static_cast<uint64_t>(*handle), FileOpenFlags(traits), 0};
}

Result<abi::fuse_open_out> Passthrough::Open(RequestContext&, NodeId node, uint32_t flags) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  Result<UniqueFd> file = OpenRegular(**inode, HostOpenFlags(flags));
  return file ? Register(node, std::move(*file), (*inode)->traits) : file.error();
}

Result<fuse::Created> Passthrough::Create(RequestContext& context, NodeId parent, const Name& name,
                                          const abi::fuse_create_in& in) {
  const Result<InodeRef> directory = FindDirectory(parent);
  if (!directory) {
    return directory.error();
  }
  const int directory_fd = (*directory)->fd.get();
  const int flags = HostOpenFlags(in.flags);
  // Always exclusively: what exists already, put there by whomever since the guest looked, might be
  // a device or a FIFO and is opened by way of its inode only.
  Result<UniqueFd> file = [&]() -> Result<UniqueFd> {
    const auto identity = ScopedIdentity::Assume(identity_, context.caller.uid, context.caller.gid);
    if (!identity) {
      return identity.error();
    }
    return RetryFd([&] {
      return openat(directory_fd, name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    in.mode & kModeBits);
    });
  }();
  const bool existed = !file && file.error() == Errno(EEXIST);
  if (!file && (!existed || (in.flags & O_EXCL) != 0)) {
    return file.error();
  }
  Result<UniqueFd> o_path = Errno(EEXIST);
  if (!existed) {
    o_path = proc_self_fd_.Reopen(file->get(), O_PATH);
    if (!o_path) {
      return o_path.error();
    }
  }
  const auto entry = existed ? LookUpIn(directory_fd, name.c_str()) : LookUpFd(std::move(*o_path));
  if (!entry) {
    return entry.error();
  }
  const NodeId node{entry->nodeid};
  const auto open = existed ? Open(context, node, in.flags)
                            : Register(node, std::move(*file), inodes_.Find(node)->traits);
  if (!open) {
    Forget(node, 1);
    return open.error();
  }
  return fuse::Created{*entry, *open};
}

Status Passthrough::Flush(RequestContext& context, NodeId node, FileHandle handle) {
  const Result<FileRef> file = files_.Find(node, handle);
  if (!file) {
    return file.error();
  }
  if (!(*file)->traits.flush_matters) {
    return {};
  }
  // What close(2) in the guest would do on the host: closing a duplicate runs the file system's
  // flush.
  context.sleep.AboutToSleep();
  const auto duplicate = Retry([&] { return fcntl((*file)->fd.get(), F_DUPFD_CLOEXEC, 0); });
  if (!duplicate) {
    return duplicate.error();
  }
  return close(*duplicate) == 0 || errno == EINTR ? Status() : Status(Errno::Last());
}

Status Passthrough::Fsync(RequestContext& context, NodeId node, FileHandle handle, bool data_only) {
  const Result<FileRef> file = files_.Find(node, handle);
  if (!file) {
    return file.error();
  }
  context.sleep.AboutToSleep();
  const int fd = (*file)->fd.get();
  return RetryStatus([&] { return data_only ? fdatasync(fd) : fsync(fd); });
}

Status Passthrough::Release(RequestContext&, NodeId node, FileHandle handle) {
  return files_.Close(node, handle);
}

}  // namespace vfsd::fs::passthrough
