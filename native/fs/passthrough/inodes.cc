// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

Result<abi::fuse_entry_out> Passthrough::Lookup(RequestContext&, NodeId parent,
                                                const fuse::Name& name) {
  const Result<InodeRef> directory = FindDirectory(parent);
  if (!directory) {
    return directory.error();
  }
  const auto entry = LookUpIn((*directory)->fd.get(), name.c_str());
  if (!entry && entry.error() == Errno(ENOENT) && !options_.negative_timeout.IsZero()) {
    // Node 0 says that there is nothing, and for how long that may be believed.
    return abi::fuse_entry_out{.nodeid = 0,
                               .generation = 0,
                               .entry_valid = options_.negative_timeout.seconds,
                               .attr_valid = 0,
                               .entry_valid_nsec = options_.negative_timeout.nanoseconds,
                               .attr_valid_nsec = 0,
                               .attr = {}};
  }
  return entry;
}

Result<abi::fuse_entry_out> Passthrough::LookUpIn(int directory, const char* name,
                                                  FdBudget::Share share) {
  // An inode that is known is pinned by its descriptor, so its key cannot belong to another one by
  // now: a known name costs this one call.
  const auto attributes = Stat(directory, name);
  if (!attributes) {
    return attributes.error();
  }
  if (const auto known = inodes_.LookUpKnown(KeyOf(*attributes))) {
    return EntryOf(*known, *attributes);
  }
  if (!share) {
    share = budget_.Take();
  }
  if (!share) {
    return Errno(EMFILE);
  }
  Result<UniqueFd> o_path =
      RetryFd([&] { return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); });
  return o_path ? LookUpFd(std::move(*o_path), std::move(share)) : o_path.error();
}

Result<abi::fuse_entry_out> Passthrough::LookUpFd(UniqueFd o_path, FdBudget::Share share) {
  const auto attributes = Stat(o_path.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const InodeKey key = KeyOf(*attributes);
  const MountTraits traits = mounts_.Of(key.device, o_path.get());
  if (traits.shows_processes) {
    return Errno(EACCES);
  }
  const auto node = inodes_.LookUp(key, std::move(o_path), attributes->stx_mode & S_IFMT, traits,
                                   std::move(share));
  return node ? Result(EntryOf(*node, *attributes)) : node.error();
}

void Passthrough::Forget(NodeId node, uint64_t nlookup) {
  inodes_.Forget(node, nlookup);
}

Result<abi::fuse_attr_out> Passthrough::GetAttr(RequestContext&, NodeId node) {
  const Result<InodeRef> inode = FindInode(node);
  return inode ? AttributesOf(**inode) : inode.error();
}

Result<abi::fuse_statx_out> Passthrough::Statx(RequestContext&, NodeId node, uint32_t mask) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  // What the guest's kernel may ask for; it knows nothing of the host's mounts.
  constexpr uint32_t kAskable = STATX_BASIC_STATS | STATX_BTIME;
  const auto attributes = Stat((*inode)->fd.get(), "", mask & kAskable);
  if (!attributes) {
    return attributes.error();
  }
  return abi::fuse_statx_out{.attr_valid = options_.attr_timeout.seconds,
                             .attr_valid_nsec = options_.attr_timeout.nanoseconds,
                             .flags = 0,
                             .spare = {},
                             .stat = ToFuseStatx(*attributes)};
}

Status Passthrough::Access(RequestContext& context, NodeId node, uint32_t mask) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  if ((mask & ~static_cast<uint32_t>(R_OK | W_OK | X_OK)) != 0) {
    return Errno(EINVAL);
  }
  // Linux checks permissions itself on virtio-fs and never asks. Another guest gets the answer of
  // the permission bits.
  const auto attributes = Stat((*inode)->fd.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  return (mask & ~GrantedAccess(context.caller, ToFuse(*attributes))) == 0 ? Status()
                                                                           : Status(Errno(EACCES));
}

Result<size_t> Passthrough::ReadLink(RequestContext&, NodeId node, std::span<char> target) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  if ((*inode)->type != S_IFLNK) {
    return Errno(EINVAL);
  }
  const auto length =
      Retry([&] { return readlinkat((*inode)->fd.get(), "", target.data(), target.size()); });
  if (!length) {
    return length.error();
  }
  return static_cast<size_t>(*length);
}

Result<abi::fuse_kstatfs> Passthrough::StatFs(RequestContext&, NodeId node) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  struct statfs host;
  const Status asked = RetryStatus([&] { return fstatfs((*inode)->fd.get(), &host); });
  if (!asked) {
    return asked.error();
  }
  return abi::fuse_kstatfs{
      .blocks = host.f_blocks,
      .bfree = host.f_bfree,
      .bavail = host.f_bavail,
      .files = host.f_files,
      .ffree = host.f_ffree,
      .bsize = static_cast<uint32_t>(host.f_bsize),
      .namelen = static_cast<uint32_t>(host.f_namelen),
      .frsize = static_cast<uint32_t>(host.f_frsize),
      .padding = 0,
      .spare = {},
  };
}

Status Passthrough::SyncFs(RequestContext& context, NodeId node) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  if ((*inode)->type != S_IFDIR && (*inode)->type != S_IFREG) {
    return Errno(EINVAL);
  }
  const Result<UniqueFd> file = Reopen((*inode)->fd.get(), O_RDONLY | O_NONBLOCK);
  if (!file) {
    return file.error();
  }
  context.sleep.AboutToSleep();
  return RetryStatus([&] { return syncfs(file->get()); });
}

}  // namespace vfsd::fs::passthrough
