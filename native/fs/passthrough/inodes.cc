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
  return LookUpIn((*directory)->fd.get(), name.c_str());
}

Result<abi::fuse_entry_out> Passthrough::LookUpIn(int directory, const char* name) {
  // An inode that is known is pinned by its descriptor, so its key cannot belong to another one by
  // now: a known name costs this one call.
  const auto attributes = Stat(directory, name);
  if (!attributes) {
    return attributes.error();
  }
  if (const auto known = inodes_.LookUpKnown(KeyOf(*attributes))) {
    return EntryOf(*known, *attributes);
  }
  Result<UniqueFd> o_path =
      RetryFd([&] { return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); });
  return o_path ? LookUpFd(std::move(*o_path)) : o_path.error();
}

Result<abi::fuse_entry_out> Passthrough::LookUpFd(UniqueFd o_path) {
  const auto attributes = Stat(o_path.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const InodeKey key = KeyOf(*attributes);
  const MountTraits traits = mounts_.Of(key.device, o_path.get());
  const auto node = inodes_.LookUp(key, std::move(o_path), attributes->stx_mode & S_IFMT, traits);
  return node ? Result(EntryOf(*node, *attributes)) : node.error();
}

void Passthrough::Forget(NodeId node, uint64_t nlookup) {
  inodes_.Forget(node, nlookup);
}

Result<abi::fuse_attr_out> Passthrough::GetAttr(RequestContext&, NodeId node,
                                                std::optional<fuse::FileHandle>) {
  const Result<InodeRef> inode = FindInode(node);
  return inode ? AttributesOf(**inode) : inode.error();
}

Status Passthrough::Access(RequestContext& context, NodeId node, uint32_t mask) {
  const Result<InodeRef> inode = FindInode(node);
  if (!inode) {
    return inode.error();
  }
  if ((mask & ~static_cast<uint32_t>(R_OK | W_OK | X_OK)) != 0) {
    return Errno(EINVAL);
  }
  // Linux checks permissions itself on virtio-fs and never asks; another guest gets the host's
  // answer for its user.
  const auto attributes = Stat((*inode)->fd.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const bool root = context.caller.uid == identity::GuestUid{0};
  const bool owner = static_cast<uint32_t>(context.caller.uid) == attributes->stx_uid;
  const bool group = static_cast<uint32_t>(context.caller.gid) == attributes->stx_gid;
  const unsigned shift = owner ? 6 : group ? 3 : 0;
  const bool executable_by_some = (attributes->stx_mode & 0111) != 0;
  const bool directory = (*inode)->type == S_IFDIR;
  const uint32_t granted = root ? R_OK | W_OK | (executable_by_some || directory ? X_OK : 0)
                                : attributes->stx_mode >> shift & 07;
  return (mask & ~granted) == 0 ? Status() : Status(Errno(EACCES));
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
  const Result<UniqueFd> file = proc_self_fd_.Reopen((*inode)->fd.get(), O_RDONLY | O_NONBLOCK);
  if (!file) {
    return file.error();
  }
  context.sleep.AboutToSleep();
  return RetryStatus([&] { return syncfs(file->get()); });
}

}  // namespace vfsd::fs::passthrough
