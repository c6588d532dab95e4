// SPDX-License-Identifier: Apache-2.0
#include "fs/id_translation.h"

#include <linux/limits.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fs/granted_access.h"
#include "fs/posix_acl.h"
#include "fuse/request.h"

namespace vfsd::fs {

using fuse::RequestContext;

namespace {

constexpr identity::GuestUid kRoot{0};

/** Translates an id of one of the enumerations. */
template <typename Id>
Result<Id> Translate(const IdTable& table, Id id) {
  const auto translated = table.Translate(static_cast<uint32_t>(id));
  return translated ? Result<Id>(Id{*translated}) : translated.error();
}

}  // namespace

/** How something new is to be, in the host's ids. */
class IdTranslation::HostObject {
 public:
  Status Translate(const IdTables& tables, const NewObject& object) {
    object_ = object;
    if (object.supplementary_group) {
      const auto group = fs::Translate(tables.gids_to_host, *object.supplementary_group);
      if (!group) {
        return group.error();
      }
      object_.supplementary_group = *group;
    }
    size_t count = 0;
    size_t used = 0;
    for (const fuse::SecurityLabel& label : object.labels) {
      labels_[count] = label;
      if (IsPosixAcl(label.name)) {
        // All labels together came in one request, so that they fit.
        const auto copy = std::span(values_).subspan(used, label.value.size());
        std::ranges::copy(label.value, copy.begin());
        const auto length =
            TranslatePosixAcl(copy, tables.uids_to_host, tables.gids_to_host, Conflict::kRefuse);
        if (!length) {
          return length.error();
        }
        labels_[count].value = copy.first(*length);
        used += *length;
      }
      ++count;
    }
    object_.labels = std::span(labels_).first(count);
    return {};
  }

  void DropForeignSetGroupId() {
    if (!object_.supplementary_group) {
      object_.mode &= ~static_cast<uint32_t>(S_ISGID);
    }
  }

  const NewObject& get() const { return object_; }

 private:
  NewObject object_;
  std::array<fuse::SecurityLabel, abi::FUSE_MAX_NR_SECCTX> labels_;
  std::array<std::byte, fuse::RequestBuffers::kInputSize> values_;
};

IdTranslation::IdTranslation(fuse::FileSystem& inner, IdTables tables)
    : Forwarding(inner), tables_(std::move(tables)) {}

Result<RequestContext> IdTranslation::AsHost(const RequestContext& context) const {
  const auto uid = Translate(tables_.uids_to_host, context.caller.uid);
  if (!uid) {
    return uid.error();
  }
  const auto gid = Translate(tables_.gids_to_host, context.caller.gid);
  if (!gid) {
    return gid.error();
  }
  RequestContext host = context;
  host.caller = {*uid, *gid};
  return host;
}

template <typename Make>
auto IdTranslation::MakeAsHost(RequestContext& context, const NewObject& object, Make make) {
  using Answer = decltype(make(context, object));
  Result<RequestContext> host_context = AsHost(context);
  if (!host_context) {
    return Answer(host_context.error());
  }
  HostObject host_object;
  const Status translated = host_object.Translate(tables_, object);
  // The host's root keeps a set-group-ID bit whatever the directory's group. Who is not the guest's
  // root has it for a group that they belong to, and the request says for which.
  if (context.caller.uid != kRoot && host_context->caller.uid == kRoot) {
    host_object.DropForeignSetGroupId();
  }
  return translated ? ToGuest(make(*host_context, host_object.get())) : Answer(translated.error());
}

// A forbidden id has a meaning in one direction only: what is there is shown.
void IdTranslation::ToGuest(uint32_t& uid, uint32_t& gid) const {
  const auto guest_uid = tables_.uids_to_guest.Translate(uid);
  const auto guest_gid = tables_.gids_to_guest.Translate(gid);
  uid = guest_uid ? *guest_uid : uid;
  gid = guest_gid ? *guest_gid : gid;
}

void IdTranslation::Apply(std::string_view, abi::fuse_entry_out& entry) const {
  ToGuest(entry.attr.uid, entry.attr.gid);
}

Result<abi::fuse_entry_out> IdTranslation::ToGuest(Result<abi::fuse_entry_out> entry) const {
  if (entry) {
    ToGuest(entry->attr.uid, entry->attr.gid);
  }
  return entry;
}

Result<abi::fuse_attr_out> IdTranslation::ToGuest(Result<abi::fuse_attr_out> attributes) const {
  if (attributes) {
    ToGuest(attributes->attr.uid, attributes->attr.gid);
  }
  return attributes;
}

Result<fuse::Created> IdTranslation::ToGuest(Result<fuse::Created> created) const {
  if (created) {
    ToGuest(created->entry.attr.uid, created->entry.attr.gid);
  }
  return created;
}

Result<abi::fuse_entry_out> IdTranslation::Lookup(RequestContext& context, NodeId node,
                                                  const Name& name) {
  return ToGuest(inner_.Lookup(context, node, name));
}

Result<abi::fuse_attr_out> IdTranslation::GetAttr(RequestContext& context, NodeId node) {
  return ToGuest(inner_.GetAttr(context, node));
}

Result<abi::fuse_statx_out> IdTranslation::Statx(RequestContext& context, NodeId node,
                                                 uint32_t mask) {
  auto attributes = inner_.Statx(context, node, mask);
  if (attributes) {
    ToGuest(attributes->stat.uid, attributes->stat.gid);
  }
  return attributes;
}

Result<abi::fuse_attr_out> IdTranslation::SetAttr(RequestContext& context, NodeId node,
                                                  const abi::fuse_setattr_in& in) {
  abi::fuse_setattr_in host = in;
  if ((in.valid & abi::FATTR_UID) != 0) {
    const auto uid = tables_.uids_to_host.Translate(in.uid);
    if (!uid) {
      return uid.error();
    }
    host.uid = *uid;
  }
  if ((in.valid & abi::FATTR_GID) != 0) {
    const auto gid = tables_.gids_to_host.Translate(in.gid);
    if (!gid) {
      return gid.error();
    }
    host.gid = *gid;
  }
  return ToGuest(inner_.SetAttr(context, node, host));
}

// By the ids that the guest knows, and not by asking the inner file system, which would compare the
// guest's caller with an owner on the host.
Status IdTranslation::Access(RequestContext& context, NodeId node, uint32_t mask) {
  const auto attributes = GetAttr(context, node);
  return attributes ? CheckAccess(context.caller, attributes->attr, mask) : attributes.error();
}

Result<abi::fuse_entry_out> IdTranslation::MkNod(RequestContext& context, NodeId node,
                                                 const Name& name, const NewObject& object,
                                                 uint32_t device) {
  return MakeAsHost(context, object, [&](RequestContext& host_context, const NewObject& host) {
    return inner_.MkNod(host_context, node, name, host, device);
  });
}

Result<abi::fuse_entry_out> IdTranslation::MkDir(RequestContext& context, NodeId node,
                                                 const Name& name, const NewObject& object) {
  return MakeAsHost(context, object, [&](RequestContext& host_context, const NewObject& host) {
    return inner_.MkDir(host_context, node, name, host);
  });
}

Result<abi::fuse_entry_out> IdTranslation::Symlink(RequestContext& context, NodeId node,
                                                   const Name& name, const char* target,
                                                   const NewObject& object) {
  return MakeAsHost(context, object, [&](RequestContext& host_context, const NewObject& host) {
    return inner_.Symlink(host_context, node, name, target, host);
  });
}

Result<abi::fuse_entry_out> IdTranslation::Link(RequestContext& context, NodeId node, NodeId parent,
                                                const Name& name) {
  return ToGuest(inner_.Link(context, node, parent, name));
}

Result<fuse::Created> IdTranslation::Create(RequestContext& context, NodeId node, const Name& name,
                                            const NewObject& object, const abi::fuse_open_in& in) {
  return MakeAsHost(context, object, [&](RequestContext& host_context, const NewObject& host) {
    return inner_.Create(host_context, node, name, host, in);
  });
}

Result<fuse::Created> IdTranslation::TmpFile(RequestContext& context, NodeId node,
                                             const NewObject& object, const abi::fuse_open_in& in) {
  return MakeAsHost(context, object, [&](RequestContext& host_context, const NewObject& host) {
    return inner_.TmpFile(host_context, node, host, in);
  });
}

Status IdTranslation::ReadDir(RequestContext& context, NodeId node, FileHandle handle,
                              uint64_t offset, fuse::DirentWriter& out) {
  out.ChangeEntries(*this);
  return inner_.ReadDir(context, node, handle, offset, out);
}

Status IdTranslation::SetXattr(RequestContext& context, NodeId node, const char* name,
                               std::span<const std::byte> value, const abi::fuse_setxattr_in& in) {
  if (!IsPosixAcl(name)) {
    return inner_.SetXattr(context, node, name, value, in);
  }
  std::array<std::byte, XATTR_SIZE_MAX> copy;
  if (value.size() > copy.size()) {
    return Errno(E2BIG);
  }
  std::ranges::copy(value, copy.begin());
  const auto length = TranslatePosixAcl(std::span(copy).first(value.size()), tables_.uids_to_host,
                                        tables_.gids_to_host, Conflict::kRefuse);
  if (!length) {
    return length.error();
  }
  abi::fuse_setxattr_in host = in;
  host.size = static_cast<uint32_t>(*length);
  return inner_.SetXattr(context, node, name, std::span(copy).first(*length), host);
}

Result<size_t> IdTranslation::GetXattr(RequestContext& context, NodeId node, const char* name,
                                       std::span<std::byte> value) {
  const auto length = inner_.GetXattr(context, node, name, value);
  // Asked for the length only, the answer may be too long by entries that become one.
  if (!length || value.empty() || !IsPosixAcl(name)) {
    return length;
  }
  return TranslatePosixAcl(value.first(*length), tables_.uids_to_guest, tables_.gids_to_guest,
                           Conflict::kRestrict);
}

}  // namespace vfsd::fs
