// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"
#include "fs/passthrough/submounts.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

void Passthrough::Forget(NodeId node, uint64_t nlookup) {
  inodes_.Forget(node, nlookup);
}

Result<abi::fuse_attr_out> Passthrough::GetAttr(RequestContext& context, NodeId node) {
  const Result<InodeRef> inode = FindInode(context, node);
  return inode ? AttributesOf(context, **inode) : inode.error();
}

Result<abi::fuse_statx_out> Passthrough::Statx(RequestContext& context, NodeId node,
                                               uint32_t mask) {
  const Result<InodeRef> inode = FindInode(context, node);
  if (!inode) {
    return inode.error();
  }
  // What the guest's kernel may ask for; it knows nothing of the host's mounts.
  constexpr uint32_t kAskable = STATX_BASIC_STATS | STATX_BTIME;
  const auto attributes = Stat((*inode)->fd.get(), "", mask & kAskable);
  if (!attributes) {
    return attributes.error();
  }
  const Validity validity = AttributeValidity(context, attributes->stx_mode);
  abi::fuse_statx_out answer = {.attr_valid = validity.seconds,
                                .attr_valid_nsec = validity.nanoseconds,
                                .flags = 0,
                                .spare = {},
                                .stat = ToFuseStatx(*attributes)};
  answer.stat.ino = GuestNumber(context, *(*inode)->mount, attributes->stx_ino);
  return answer;
}

Status Passthrough::Access(RequestContext& context, NodeId node, uint32_t mask) {
  const Result<InodeRef> inode = FindInode(context, node);
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

Result<size_t> Passthrough::ReadLink(RequestContext& context, NodeId node, std::span<char> target) {
  const Result<InodeRef> inode = FindInode(context, node);
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

Result<abi::fuse_kstatfs> Passthrough::StatFs(RequestContext& context, NodeId node) {
  const Result<InodeRef> inode = FindInode(context, node);
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
  const Result<InodeRef> inode = FindInode(context, node);
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
