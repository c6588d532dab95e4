// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

namespace {

/** Whether a call has failed for want of what another one may do without. */
bool IsShortage(Errno error) {
  return error == Errno(EMFILE) || error == Errno(ENFILE) || error == Errno(ENOMEM);
}

}  // namespace

Result<abi::fuse_entry_out> Passthrough::Lookup(RequestContext& context, NodeId parent,
                                                const fuse::Name& name) {
  const Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  const auto entry =
      LookUpIn(context, (*directory)->fd.get(), name.c_str(), (*directory).foresight());
  const Validity negative = negative_timeout_.Get();
  if (!entry && entry.error() == Errno(ENOENT) && !negative.IsZero()) {
    // Node 0 says that there is nothing, and for how long that may be believed.
    return abi::fuse_entry_out{.nodeid = 0,
                               .generation = 0,
                               .entry_valid = negative.seconds,
                               .attr_valid = 0,
                               .entry_valid_nsec = negative.nanoseconds,
                               .attr_valid_nsec = 0,
                               .attr = {}};
  }
  return entry;
}

Result<abi::fuse_entry_out> Passthrough::LookUpIn(const RequestContext& context, int directory,
                                                  const char* name, LookupForesight& foresight) {
  // An inode that is known after all should not need what is scarce.
  if (foresight.ExpectsUnknown() && !budget_.RunsShort() &&
      inodes_.Count() < options_.inode_limit) {
    if (FdBudget::Share share = budget_.Take()) {
      auto entry = OpenAndLookUp(context, directory, name, std::move(share), foresight);
      if (entry || !IsShortage(entry.error())) {
        return entry;
      }
      // One that is known needs no descriptor.
      foresight.MetKnown();
    }
  }
  // A known name costs this one call. What was known before it and exists still cannot have got its
  // number from the object that the call has found: it is that object.
  const uint64_t newest = inodes_.Newest();
  const auto attributes = Stat(directory, name);
  if (!attributes) {
    return attributes.error();
  }
  const InodeKey key = KeyOf(*attributes);
  const auto known = LookUpKnown(key, newest, directory, name);
  if (!known) {
    return known.error();
  }
  if (*known) {
    foresight.MetKnown();
    return EntryOf(context, **known, *attributes);
  }
  if (inodes_.Count() >= options_.inode_limit) {
    return Errno(ENFILE);
  }
  FdBudget::Share share = budget_.Take();
  const Mount* const mount = mounts_.Find(key.mount, key.device);
  if (!share && (mount == nullptr || !mount->HasHandles())) {
    share = TakeShare();
  }
  return OpenAndLookUp(context, directory, name, std::move(share), foresight);
}

Result<abi::fuse_entry_out> Passthrough::OpenAndLookUp(const RequestContext& context, int directory,
                                                       const char* name, FdBudget::Share share,
                                                       LookupForesight& foresight) {
  // Whatever the name has been found to be before, it may be another object's by now. A descriptor
  // keeps what it has found from being freed, and its number from being used again, while it is
  // asked.
  Result<UniqueFd> o_path =
      RetryFd([&] { return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); });
  return o_path ? LookUpFd(context, std::move(*o_path), std::move(share), foresight)
                : o_path.error();
}

Result<abi::fuse_entry_out> Passthrough::LookUpFd(const RequestContext& context, UniqueFd o_path,
                                                  FdBudget::Share share,
                                                  LookupForesight& foresight) {
  const auto attributes = Stat(o_path.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const InodeKey key = KeyOf(*attributes);
  const uint32_t type = attributes->stx_mode & S_IFMT;
  const Result<const Mount*> mount = MountOf(*attributes, o_path.get());
  if (!mount) {
    return mount.error();
  }
  if (!share && !(*mount)->HasHandles()) {
    // Another thread may have made it known meanwhile.
    const auto known = LookUpPinned(key, o_path.get());
    if (!known) {
      return known.error();
    }
    if (*known) {
      return EntryOf(context, **known, *attributes);
    }
    // Whoever came without a share expected another mount.
    share = TakeShare();
    if (!share) {
      return Errno(EMFILE);
    }
  }
  MountTraits traits = (*mount)->traits;
  traits.reads_stop_anywhere = (attributes->stx_attributes & STATX_ATTR_DAX) != 0;
  KnownInode inode = {
      .key = key, .type = type, .traits = traits, .mount = *mount, .share = std::move(share)};
  // Cold at once without a share; the descriptor is for its handle then.
  const int fd = o_path.get();
  if (inode.share) {
    inode.fd.Set(o_path);
  }
  const auto node = AddInode(std::move(inode), fd, foresight);
  return node ? Result(EntryOf(context, *node, *attributes)) : node.error();
}

Result<std::optional<NodeId>> Passthrough::LookUpKnown(const InodeKey& key, uint64_t newest,
                                                       int directory, const char* name) {
  const InodeTable::Known known = inodes_.LookUpKnown(key, newest);
  if (!known.cold) {
    return known.node;
  }
  const Result<HostFileHandle> handle = HostFileHandle::Of(directory, name);
  if (handle && *handle == known.cold->handle) {
    return known.node;
  }
  inodes_.Forget(*known.node, 1);
  return handle ? Result(std::optional<NodeId>()) : handle.error();
}

Result<std::optional<NodeId>> Passthrough::LookUpPinned(const InodeKey& key, int fd) {
  const InodeTable::Known known = inodes_.LookUpKnown(key);
  if (!known.cold) {
    return known.node;
  }
  const Result<HostFileHandle> handle = HostFileHandle::Of(fd, "");
  if (handle && *handle == known.cold->handle) {
    return known.node;
  }
  if (handle) {
    inodes_.SetReplaced(known.cold);
  }
  inodes_.Forget(*known.node, 1);
  return handle ? Result(std::optional<NodeId>()) : handle.error();
}

Result<NodeId> Passthrough::AddInode(KnownInode inode, int fd, LookupForesight& foresight) {
  if (inode.fd.get() < 0) {
    Result<HostFileHandle> handle = HostFileHandle::Of(fd, "");
    if (!handle) {
      return handle.error();
    }
    inode.handle = std::move(*handle);
  }
  for (;;) {
    const auto added = inodes_.Add(inode);
    if (!added) {
      return added.error();
    }
    if (*added) {
      foresight.MetUnknown();
      return **added;
    }
    // It was known, another thread was faster, or a dead inode has the key still.
    const auto known = LookUpPinned(inode.key, fd);
    if (!known) {
      return known.error();
    }
    if (*known) {
      foresight.MetKnown();
      return **known;
    }
  }
}

Result<const Mount*> Passthrough::MountOf(const struct statx& attributes, int o_path) {
  const InodeKey key = KeyOf(attributes);
  const Mount* mount = mounts_.Find(key.mount, key.device);
  // Nothing of a mount is found before its root is.
  const bool is_root = (attributes.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  if (mount == nullptr || (is_root && mount->MayBeAnother(o_path))) {
    FdBudget::Share share;
    if (options_.inode_file_handles != InodeFileHandles::kNever) {
      share = TakeShare();
      if (!share) {
        return Errno(EMFILE);
      }
    }
    mount = &mounts_.Meet(key.mount, key.device, o_path, attributes.stx_mode & S_IFMT,
                          std::move(share));
  }
  if (mount->traits.shows_processes) {
    return Errno(EACCES);
  }
  if (options_.inode_file_handles == InodeFileHandles::kMandatory && !mount->HasHandles()) {
    return Errno(EOPNOTSUPP);
  }
  return mount;
}

}  // namespace vfsd::fs::passthrough
