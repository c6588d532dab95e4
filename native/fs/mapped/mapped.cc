// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/mapped.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>

#include "fs/granted_access.h"
#include "fs/mapped/inner_file.h"
#include "fs/mapped/shown_attributes.h"

namespace vfsd::fs::mapped {

/** Changes the entries of a listing into what the guest gets to see. */
class Mapped::Listing final : public fuse::EntryChange {
 public:
  Listing(Mapped& mapped, RequestContext& self, NodeId directory)
      : mapped_(mapped), self_(self), directory_(directory) {}

  bool Shows(std::string_view name) const override { return !mapped_.Hides(name); }

  // A regular file may be anything.
  uint32_t TypeOf(uint32_t type) const override {
    return type == DT_DIR ? uint32_t{DT_DIR} : uint32_t{DT_UNKNOWN};
  }

  void Apply(std::string_view name, abi::fuse_entry_out& entry) const override {
    const auto checked = Name::Check(name);
    const auto shown = checked ? mapped_.Present(self_, directory_, *checked, entry)
                               : Result<abi::fuse_entry_out>(checked.error());
    // By its name alone: the guest looks it up, and is told why that does not work.
    entry = shown ? *shown : abi::fuse_entry_out{};
  }

 private:
  Mapped& mapped_;
  RequestContext& self_;
  NodeId directory_;
};

Mapped::Mapped(fuse::FileSystem& inner, const Options& options,
               const identity::ProcessIdentity& identity, std::string_view hidden_xattrs)
    : Forwarding(inner),
      options_(options),
      self_{identity::GuestUid{static_cast<uint32_t>(identity.uid)},
            identity::GuestGid{static_cast<uint32_t>(identity.gid)}},
      hidden_xattrs_(hidden_xattrs) {}

fuse::RequestContext Mapped::AsSelf(const RequestContext& context) const {
  RequestContext self = context;
  self.caller = self_;
  return self;
}

Result<abi::fuse_entry_out> Mapped::Present(RequestContext& self, NodeId parent, const Name& name,
                                            Result<abi::fuse_entry_out> entry) {
  // Node 0 tells that there is nothing.
  if (!entry || entry->nodeid == 0) {
    return entry;
  }
  const NodeId node{entry->nodeid};
  const Status met = Meet(self, parent, name, node);
  if (!met) {
    inner_.Forget(node, 1);
    return met.error();
  }
  const auto stored = ReadStored(self, node);
  if (!stored) {
    Forget(node, 1);
    return stored.error();
  }
  Show(self, *stored, *entry);
  return entry;
}

Result<abi::fuse_entry_out> Mapped::Lookup(RequestContext& context, NodeId parent,
                                           const Name& name) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  RequestContext self = AsSelf(context);
  return Present(self, parent, name, inner_.Lookup(self, parent, name));
}

Result<abi::fuse_attr_out> Mapped::GetAttr(RequestContext& context, NodeId node) {
  auto attributes = inner_.GetAttr(context, node);
  if (!attributes) {
    return attributes;
  }
  const auto stored = ReadStored(context, node);
  if (!stored) {
    return stored.error();
  }
  Show(context, *stored, *attributes);
  return attributes;
}

Result<abi::fuse_statx_out> Mapped::Statx(RequestContext& context, NodeId node, uint32_t mask) {
  auto attributes = inner_.Statx(context, node, mask);
  if (!attributes) {
    return attributes;
  }
  const auto stored = ReadStored(context, node);
  if (!stored) {
    return stored.error();
  }
  Show(context, *stored, *attributes);
  return attributes;
}

Status Mapped::Access(RequestContext& context, NodeId node, uint32_t mask) {
  const auto attributes = GetAttr(context, node);
  return attributes ? CheckAccess(context.caller, attributes->attr, mask) : attributes.error();
}

Result<size_t> Mapped::ReadLink(RequestContext& context, NodeId node, std::span<char> target) {
  const auto mode = ReadStoredMode(context, node);
  if (!mode) {
    return mode.error();
  }
  if (!*mode || !S_ISLNK(**mode)) {
    // One of the host's own, or none.
    return inner_.ReadLink(context, node, target);
  }
  const auto file = InnerFile::Open(inner_, context, node, O_RDONLY);
  if (!file) {
    return file.error() == Errno(ELOOP) ? inner_.ReadLink(context, node, target) : file.error();
  }
  return file->Read(target);
}

Status Mapped::ReadDir(RequestContext& context, NodeId node, FileHandle handle, uint64_t offset,
                       fuse::DirentWriter& out) {
  RequestContext self = AsSelf(context);
  const Listing listing(*this, self, node);
  out.ChangeEntries(listing);
  return inner_.ReadDir(context, node, handle, offset, out);
}

Result<abi::fuse_entry_out> Mapped::Link(RequestContext& context, NodeId node, NodeId parent,
                                         const Name& name) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  RequestContext self = AsSelf(context);
  return Present(self, parent, name, LinkShown(self, node, parent, name));
}

Status Mapped::Unlink(RequestContext& context, NodeId parent, const Name& name) {
  RequestContext self = AsSelf(context);
  return Hides(name.view()) ? Status(Errno(EINVAL)) : UnlinkShown(self, parent, name);
}

Status Mapped::RmDir(RequestContext& context, NodeId parent, const Name& name) {
  RequestContext self = AsSelf(context);
  return Hides(name.view()) ? Status(Errno(EINVAL)) : RmDirShown(self, parent, name);
}

Status Mapped::Rename(RequestContext& context, NodeId parent, const Name& name, NodeId new_parent,
                      const Name& new_name, uint32_t flags) {
  // RENAME_WHITEOUT would make a device on the host. Who wants it makes one of the guest's instead.
  if (Hides(name.view()) || Hides(new_name.view()) ||
      (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) {
    return Errno(EINVAL);
  }
  RequestContext self = AsSelf(context);
  return RenameShown(self, parent, name, new_parent, new_name, flags);
}

}  // namespace vfsd::fs::mapped
