// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::Name;
using fuse::NewObject;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

constexpr uint32_t kKnownRenameFlags = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;

}  // namespace

template <typename Make>
Result<abi::fuse_entry_out> Passthrough::MakeEntry(RequestContext& context, NodeId parent,
                                                   const Name& name, const NewObject& object,
                                                   int unlink_flags, Make make) {
  const Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  const int directory_fd = (*directory)->fd.get();
  // Before anything is made: what the guest is told has failed must not be there.
  Result<FdBudget::Share> share = TakeShareForNew(**directory);
  if (!share) {
    return share.error();
  }
  {
    const auto identity = ActAsCreator(context, **directory, object);
    if (!identity) {
      return identity.error();
    }
    const Status made = RetryStatus([&] { return make(directory_fd); });
    if (!made) {
      return made.error();
    }
  }
  LookupForesight unused;
  const auto entry = OpenAndLookUp(context, directory_fd, name.c_str(), std::move(*share), unused);
  if (!entry || object.labels.empty()) {
    return entry;
  }
  const Result<InodeRef> inode = FindInode(context, NodeId{entry->nodeid});
  const Status labelled = inode ? ApplyLabels(context, (*inode)->fd.get(), object) : inode.error();
  if (!labelled) {
    Forget(NodeId{entry->nodeid}, 1);
    unlinkat(directory_fd, name.c_str(), unlink_flags);
    return labelled.error();
  }
  return entry;
}

Result<abi::fuse_entry_out> Passthrough::MkNod(RequestContext& context, NodeId parent,
                                               const Name& name, const NewObject& object,
                                               uint32_t device) {
  // Type 0 means a regular file to mknod(2), and other types are refused by it.
  return MakeEntry(context, parent, name, object, 0, [&](int directory) {
    return mknodat(directory, name.c_str(), object.mode & (S_IFMT | kModeBits),
                   DecodeDevice(device));
  });
}

Result<abi::fuse_entry_out> Passthrough::MkDir(RequestContext& context, NodeId parent,
                                               const Name& name, const NewObject& object) {
  return MakeEntry(context, parent, name, object, AT_REMOVEDIR, [&](int directory) {
    return mkdirat(directory, name.c_str(), object.mode & kModeBits);
  });
}

Result<abi::fuse_entry_out> Passthrough::Symlink(RequestContext& context, NodeId parent,
                                                 const Name& name, const char* target,
                                                 const NewObject& object) {
  return MakeEntry(context, parent, name, object, 0,
                   [&](int directory) { return symlinkat(target, directory, name.c_str()); });
}

Result<abi::fuse_entry_out> Passthrough::Link(RequestContext& context, NodeId node, NodeId parent,
                                              const Name& name) {
  const Result<InodeRef> inode = FindInode(context, node);
  if (!inode) {
    return inode.error();
  }
  const Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  // Through /proc/self/fd, since AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH.
  const Status linked = RetryStatus([&] {
    return linkat(proc_self_fd_.get(), sys::FdName((*inode)->fd.get()).c_str(),
                  (*directory)->fd.get(), name.c_str(), AT_SYMLINK_FOLLOW);
  });
  // What it finds is known.
  LookupForesight fresh;
  return linked ? LookUpIn(context, (*directory)->fd.get(), name.c_str(), fresh) : linked.error();
}

Status Passthrough::Unlink(RequestContext& context, NodeId parent, const Name& name) {
  const Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  const auto removed = PinRemoved((*directory)->fd.get(), name.c_str());
  return RetryStatus([&] { return unlinkat((*directory)->fd.get(), name.c_str(), 0); });
}

Status Passthrough::RmDir(RequestContext& context, NodeId parent, const Name& name) {
  const Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  const auto removed = PinRemoved((*directory)->fd.get(), name.c_str());
  return RetryStatus([&] { return unlinkat((*directory)->fd.get(), name.c_str(), AT_REMOVEDIR); });
}

Status Passthrough::Rename(RequestContext& context, NodeId parent, const Name& name,
                           NodeId new_parent, const Name& new_name, uint32_t flags) {
  if ((flags & ~kKnownRenameFlags) != 0) {
    return Errno(EINVAL);
  }
  const Result<InodeRef> from = FindDirectory(context, parent);
  if (!from) {
    return from.error();
  }
  const Result<InodeRef> to = FindDirectory(context, new_parent);
  if (!to) {
    return to.error();
  }
  const auto replaced = PinRemoved((*to)->fd.get(), new_name.c_str());
  if ((flags & RENAME_WHITEOUT) != 0) {
    // It makes something, and for nobody among the guest's users.
    identity::UseGroup(identity_, identity::GuestGid{static_cast<uint32_t>(identity_.gid)});
  }
  return RetryStatus([&] {
    return renameat2((*from)->fd.get(), name.c_str(), (*to)->fd.get(), new_name.c_str(), flags);
  });
}

}  // namespace vfsd::fs::passthrough
