// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

namespace {

// How many hot inodes are asked to become cold for one that would be hot: it can do without.
constexpr size_t kFewAsked = 64;

}  // namespace

void Passthrough::HandOverToServer(const RequestContext& context, MountTraits traits) {
  if (traits.asks_server) [[unlikely]] {
    context.sleep.AboutToSleep();
  }
}

Result<Passthrough::InodeRef> Passthrough::FindInode(const RequestContext& context, NodeId node) {
  InodeTable::Ref inode = inodes_.Find(node);
  if (!inode) {
    return Errno(ESTALE);
  }
  HandOverToServer(context, inode->traits);
  return Pin(std::move(inode));
}

Result<Passthrough::InodeRef> Passthrough::FindDirectory(const RequestContext& context,
                                                         NodeId node) {
  InodeTable::Ref inode = inodes_.Find(node);
  if (!inode) {
    return Errno(ESTALE);
  }
  if (inode->type != S_IFDIR) {
    return Errno(ENOTDIR);
  }
  HandOverToServer(context, inode->traits);
  return Pin(std::move(inode));
}

Result<Passthrough::InodeRef> Passthrough::Pin(InodeTable::Ref&& inode) {
  const int fd = inode->fd.get();
  if (fd < 0) [[unlikely]] {
    return PinCold(std::move(inode));
  }
  return InodeRef(std::move(inode), PinnedFd(fd));
}

Result<Passthrough::InodeRef> Passthrough::PinCold(InodeTable::Ref&& inode) {
  Result<UniqueFd> fd = inode->handle.Open(inode->mount->fd.get());
  if (!fd) {
    return fd.error();
  }
  // A handle that the file system has given to another object since then opens nothing.
  const auto attributes = Stat(fd->get(), "");
  if (!attributes) {
    return attributes.error();
  }
  if (KeyOf(*attributes) != inode->key || (attributes->stx_mode & S_IFMT) != inode->type) {
    return Errno(ESTALE);
  }
  FdBudget::Share share = budget_.Take();
  if (!share && inodes_.MakeSomeCold(kFewAsked)) {
    share = budget_.Take();
  }
  if (!share) {
    // Of the daemon's own reserve, in which every thread has its place.
    return InodeRef(std::move(inode), PinnedFd(std::move(*fd)));
  }
  inodes_.MakeHot(inode, *fd, share);
  const int hot = inode->fd.get();
  return InodeRef(std::move(inode), PinnedFd(hot));
}

std::optional<Passthrough::InodeRef> Passthrough::PinRemoved(int directory, const char* name) {
  // Nothing becomes cold as long as there are descriptors. What is left by now lasts for longer
  // than a removal takes.
  if (options_.inode_file_handles == InodeFileHandles::kNever ||
      !(inodes_.HasBeenCold() || budget_.RunsShort())) {
    return std::nullopt;
  }
  const auto attributes = Stat(directory, name);
  if (!attributes) {
    return std::nullopt;
  }
  InodeTable::Ref known = inodes_.FindKnown(KeyOf(*attributes));
  if (!known) {
    return std::nullopt;
  }
  Result<InodeRef> pinned = Pin(std::move(known));
  return pinned ? std::optional(std::move(*pinned)) : std::nullopt;
}

FdBudget::Share Passthrough::TakeShare() {
  FdBudget::Share share = budget_.Take();
  while (!share && inodes_.MakeSomeCold(std::numeric_limits<size_t>::max())) {
    share = budget_.Take();
  }
  return share;
}

Result<FdBudget::Share> Passthrough::TakeShareForNew(const Inode& directory) {
  if (inodes_.Count() >= options_.inode_limit) {
    return Errno(ENFILE);
  }
  FdBudget::Share share = directory.mount->HasHandles() ? budget_.Take() : TakeShare();
  if (!share && !directory.mount->HasHandles()) {
    return Errno(EMFILE);
  }
  return share;
}

}  // namespace vfsd::fs::passthrough
