// SPDX-License-Identifier: Apache-2.0
#include "fs/xattr_map.h"

#include <fcntl.h>

#include <cstring>
#include <mutex>
#include <string_view>

#include "fs/listed_names.h"
#include "fs/posix_acl.h"

namespace vfsd::fs {

using NameBuffer = XattrRules::NameBuffer;

namespace {

constexpr const char* kCapability = "security.capability";

}  // namespace

/** A new object's labels under their names on the host. */
class XattrMap::MappedLabels {
 public:
  /** Precondition: no more labels than a request can have. */
  Status Map(const XattrMap& map, const RequestContext& context, const NewObject& object) {
    object_ = object;
    size_t count = 0;
    for (const fuse::SecurityLabel& label : object.labels) {
      const auto name = map.HostName(context, label.name, names_[count]);
      if (!name) {
        return name.error();
      }
      labels_[count++] = {*name, label.value};
    }
    object_.labels = std::span(labels_).first(count);
    return {};
  }

  const NewObject& object() const { return object_; }

 private:
  NewObject object_;
  std::array<NameBuffer, abi::FUSE_MAX_NR_SECCTX> names_;
  std::array<fuse::SecurityLabel, abi::FUSE_MAX_NR_SECCTX> labels_;
};

XattrMap::XattrMap(fuse::FileSystem& inner, XattrRules rules)
    : Forwarding(inner), rules_(std::move(rules)) {
  NameBuffer buffer;
  const auto name = rules_.ToHost(kCapability, buffer);
  if (name && std::strcmp(*name, kCapability) != 0) {
    capability_ = *name;
  }
}

std::shared_mutex& XattrMap::LockOf(NodeId node) {
  return locks_[static_cast<uint64_t>(node) % locks_.size()];
}

Status XattrMap::RemoveCapability(RequestContext& context, NodeId node) {
  // Asked for first: nearly always there is nothing, and a removal locks the inode all the same,
  // for which writes side by side would wait. And who may not remove the name from this kind of
  // file, a symbolic link for one, is told here that it has none. Nothing is remembered: the host,
  // or the guest of another daemon, may set one at any time.
  const auto found = inner_.GetXattr(context, node, capability_.c_str(), {});
  const Status removed =
      found ? inner_.RemoveXattr(context, node, capability_.c_str()) : found.error();
  const bool none =
      !removed && (removed.error() == Errno(ENODATA) || removed.error() == Errno(EOPNOTSUPP) ||
                   removed.error() == Errno(ENOSYS));
  return none ? Status() : removed;
}

template <typename Change>
auto XattrMap::WithoutCapability(RequestContext& context, NodeId node, Change change)
    -> decltype(change()) {
  if (capability_.empty()) {
    return change();
  }
  const std::shared_lock lock(LockOf(node));
  const Status removed = RemoveCapability(context, node);
  return removed ? change() : removed.error();
}

Result<abi::fuse_attr_out> XattrMap::SetAttr(RequestContext& context, NodeId node,
                                             const abi::fuse_setattr_in& in) {
  constexpr uint32_t kTakesCapability = abi::FATTR_SIZE | abi::FATTR_UID | abi::FATTR_GID;
  if ((in.valid & kTakesCapability) == 0) {
    return inner_.SetAttr(context, node, in);
  }
  return WithoutCapability(context, node, [&] { return inner_.SetAttr(context, node, in); });
}

Result<abi::fuse_open_out> XattrMap::Open(RequestContext& context, NodeId node,
                                          const abi::fuse_open_in& in) {
  if ((in.flags & O_TRUNC) == 0) {
    return inner_.Open(context, node, in);
  }
  return WithoutCapability(context, node, [&] { return inner_.Open(context, node, in); });
}

Result<size_t> XattrMap::Write(RequestContext& context, NodeId node, const abi::fuse_write_in& in,
                               memory::SegmentCursor& from) {
  return WithoutCapability(context, node, [&] { return inner_.Write(context, node, in, from); });
}

Status XattrMap::Fallocate(RequestContext& context, NodeId node, const abi::fuse_fallocate_in& in) {
  return WithoutCapability(context, node, [&] { return inner_.Fallocate(context, node, in); });
}

Result<size_t> XattrMap::CopyFileRange(RequestContext& context, NodeId node,
                                       const abi::fuse_copy_file_range_in& in) {
  return WithoutCapability(context, NodeId{in.nodeid_out},
                           [&] { return inner_.CopyFileRange(context, node, in); });
}

Result<abi::fuse_entry_out> XattrMap::MkNod(RequestContext& context, NodeId node, const Name& name,
                                            const NewObject& object, uint32_t device) {
  MappedLabels labels;
  const Status mapped = labels.Map(*this, context, object);
  return mapped ? inner_.MkNod(context, node, name, labels.object(), device) : mapped.error();
}

Result<abi::fuse_entry_out> XattrMap::MkDir(RequestContext& context, NodeId node, const Name& name,
                                            const NewObject& object) {
  MappedLabels labels;
  const Status mapped = labels.Map(*this, context, object);
  return mapped ? inner_.MkDir(context, node, name, labels.object()) : mapped.error();
}

Result<abi::fuse_entry_out> XattrMap::Symlink(RequestContext& context, NodeId node,
                                              const Name& name, const char* target,
                                              const NewObject& object) {
  MappedLabels labels;
  const Status mapped = labels.Map(*this, context, object);
  return mapped ? inner_.Symlink(context, node, name, target, labels.object()) : mapped.error();
}

Result<fuse::Created> XattrMap::Create(RequestContext& context, NodeId node, const Name& name,
                                       const NewObject& object, const abi::fuse_open_in& in) {
  MappedLabels labels;
  const Status mapped = labels.Map(*this, context, object);
  return mapped ? inner_.Create(context, node, name, labels.object(), in) : mapped.error();
}

Result<fuse::Created> XattrMap::TmpFile(RequestContext& context, NodeId node,
                                        const NewObject& object, const abi::fuse_open_in& in) {
  MappedLabels labels;
  const Status mapped = labels.Map(*this, context, object);
  return mapped ? inner_.TmpFile(context, node, labels.object(), in) : mapped.error();
}

Result<const char*> XattrMap::HostName(const RequestContext& context, const char* name,
                                       NameBuffer& buffer) const {
  const bool acl = IsPosixAcl(name);
  if (acl && !context.Negotiated(abi::FUSE_POSIX_ACL)) {
    return Errno(EOPNOTSUPP);
  }
  const auto host_name = rules_.ToHost(name, buffer);
  if (!host_name) {
    return host_name;
  }
  if (acl) {
    return *host_name == name ? host_name : Errno(EOPNOTSUPP);
  }
  // No other name may become a list: the guest's kernel would not know what is set with it.
  return IsPosixAcl(*host_name) ? Errno(EPERM) : host_name;
}

Status XattrMap::SetXattr(RequestContext& context, NodeId node, const char* name,
                          std::span<const std::byte> value, const abi::fuse_setxattr_in& in) {
  NameBuffer buffer;
  const auto host_name = HostName(context, name, buffer);
  if (!host_name) {
    return host_name.error();
  }
  if (capability_ != *host_name) {
    return inner_.SetXattr(context, node, *host_name, value, in);
  }
  context.sleep.AboutToSleep();
  const std::unique_lock lock(LockOf(node));
  return inner_.SetXattr(context, node, *host_name, value, in);
}

Result<size_t> XattrMap::GetXattr(RequestContext& context, NodeId node, const char* name,
                                  std::span<std::byte> value) {
  NameBuffer buffer;
  const auto host_name = HostName(context, name, buffer);
  if (!host_name) {
    // What is hidden is not there, when somebody looks for it. Linux looks for a capability before
    // it runs a program, and, where lists are agreed on, for a list before it lets a user in:
    // another error than this one would be that of the program or the user.
    const bool has_none = host_name.error() == Errno(EPERM) ||
                          (IsPosixAcl(name) && context.Negotiated(abi::FUSE_POSIX_ACL));
    return has_none ? Errno(ENODATA) : host_name.error();
  }
  return inner_.GetXattr(context, node, *host_name, value);
}

Status XattrMap::RemoveXattr(RequestContext& context, NodeId node, const char* name) {
  NameBuffer buffer;
  const auto host_name = HostName(context, name, buffer);
  return host_name ? inner_.RemoveXattr(context, node, *host_name) : host_name.error();
}

bool XattrMap::IsShown(const RequestContext& context, std::string_view host_name,
                       std::string_view guest_name) {
  const bool unchanged = host_name.size() == guest_name.size();
  return !IsPosixAcl(guest_name) || (unchanged && context.Negotiated(abi::FUSE_POSIX_ACL));
}

Result<size_t> XattrMap::ListXattr(RequestContext& context, NodeId node,
                                   std::span<std::byte> names) {
  return ListShownNames(inner_, context, node, names,
                        [&](std::string_view name) -> std::optional<std::string_view> {
                          const auto guest_name = rules_.ToGuest(name);
                          if (!guest_name || !IsShown(context, name, *guest_name)) {
                            return std::nullopt;
                          }
                          return *guest_name;
                        });
}

}  // namespace vfsd::fs
