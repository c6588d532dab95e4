// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/passthrough.h"

#include "fs/passthrough/attributes.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;

Passthrough::Passthrough(const Options& options, sys::ProcSelfFd proc_self_fd,
                         const identity::ProcessIdentity& identity)
    : options_(options),
      proc_self_fd_(std::move(proc_self_fd)),
      identity_(identity),
      budget_(options.guest_fd_limit) {}

Status Passthrough::Open(UniqueFd root) {
  const auto attributes = Stat(root.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  if (!S_ISDIR(attributes->stx_mode)) {
    return Errno(ENOTDIR);
  }
  const InodeKey key = KeyOf(*attributes);
  const MountTraits traits = mounts_.Of(key.device, root.get());
  if (traits.shows_processes) {
    return Errno(EACCES);
  }
  inodes_.AddRoot(key, std::move(root), traits);
  return {};
}

void Passthrough::Reset() {
  files_.CloseAll();
  directories_.CloseAll();
  inodes_.ForgetAll();
}

Result<Passthrough::InodeRef> Passthrough::FindInode(NodeId node) {
  InodeRef inode = inodes_.Find(node);
  if (!inode) {
    return Errno(ESTALE);
  }
  return inode;
}

Result<Passthrough::InodeRef> Passthrough::FindDirectory(NodeId node) {
  InodeRef inode = inodes_.Find(node);
  if (!inode) {
    return Errno(ESTALE);
  }
  if (inode->type != S_IFDIR) {
    return Errno(ENOTDIR);
  }
  return inode;
}

abi::fuse_entry_out Passthrough::EntryOf(NodeId node, const struct statx& attributes) const {
  return {
      .nodeid = static_cast<uint64_t>(node),
      .generation = 0,
      .entry_valid = options_.entry_timeout.seconds,
      .attr_valid = options_.attr_timeout.seconds,
      .entry_valid_nsec = options_.entry_timeout.nanoseconds,
      .attr_valid_nsec = options_.attr_timeout.nanoseconds,
      .attr = ToFuse(attributes),
  };
}

Result<abi::fuse_attr_out> Passthrough::AttributesOf(const Inode& inode) const {
  const auto attributes = Stat(inode.fd.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  return abi::fuse_attr_out{.attr_valid = options_.attr_timeout.seconds,
                            .attr_valid_nsec = options_.attr_timeout.nanoseconds,
                            .dummy = 0,
                            .attr = ToFuse(*attributes)};
}

}  // namespace vfsd::fs::passthrough
