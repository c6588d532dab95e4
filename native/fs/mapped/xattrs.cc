// SPDX-License-Identifier: Apache-2.0
#include <linux/limits.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fs/listed_names.h"
#include "fs/mapped/access_list.h"
#include "fs/mapped/mapped.h"
#include "fs/posix_acl.h"

namespace vfsd::fs::mapped {
namespace {

constexpr std::string_view kGuests = "user.";

/** There is no such attribute, or there cannot be one. */
bool IsNone(Errno error) {
  return error == Errno(ENODATA) || error == Errno(EOPNOTSUPP) || error == Errno(ENOSYS);
}

}  // namespace

const char* Mapped::HostNameOfList(std::string_view name) const {
  const bool is_default = name == kDefaultList;
  if (hidden_xattrs_.empty()) {
    return is_default ? kDefaultList.data() : kAccessList.data();
  }
  return is_default ? "user.virtfs.system.posix_acl_default"
                    : "user.virtfs.system.posix_acl_access";
}

// What else a guest may want to set, security.capability and security.selinux among it, means
// something to the host's kernel, for which all of these are files of one user.
Status Mapped::CheckXattrName(const RequestContext& context, std::string_view name) const {
  if (!options_.xattr) {
    return Errno(ENOSYS);
  }
  const bool exists =
      IsPosixAcl(name) ? context.Negotiated(abi::FUSE_POSIX_ACL) : name.starts_with(kGuests);
  return exists ? Status() : Status(Errno(EOPNOTSUPP));
}

Status Mapped::SetInnerXattr(RequestContext& context, NodeId node, const char* name,
                             std::span<const std::byte> value, uint32_t flags) {
  return inner_.SetXattr(context, node, name, value,
                         {static_cast<uint32_t>(value.size()), flags, 0, 0});
}

Status Mapped::RemoveList(RequestContext& context, NodeId node, const char* host_name) {
  const Status removed = inner_.RemoveXattr(context, node, host_name);
  return !removed && removed.error() == Errno(ENODATA) ? Status() : removed;
}

Status Mapped::SetModeOfAccessList(RequestContext& context, NodeId node, uint32_t mode) {
  if (!context.Negotiated(abi::FUSE_POSIX_ACL)) {
    return {};
  }
  const char* const name = HostNameOfList(kAccessList);
  const auto length = inner_.GetXattr(context, node, name, {});
  if (!length || *length == 0) {
    return length || IsNone(length.error()) ? Status() : length.error();
  }
  std::array<std::byte, XATTR_SIZE_MAX> value;
  const auto read = inner_.GetXattr(context, node, name, value);
  if (!read) {
    return read.error();
  }
  const auto list = std::span(value).first(*read);
  const Status set = SetModeOfList(list, mode);
  return set ? SetInnerXattr(context, node, name, list) : set;
}

Status Mapped::SetAccessList(RequestContext& context, NodeId node, const char* name,
                             std::span<const std::byte> value, const abi::fuse_setxattr_in& in) {
  const char* const host_name = HostNameOfList(name);
  if (value.empty()) {
    return RemoveList(context, node, host_name);
  }
  std::array<std::byte, XATTR_SIZE_MAX> copy;
  if (value.size() > copy.size()) {
    return Errno(E2BIG);
  }
  std::ranges::copy(value, copy.begin());
  const auto list = ReadModeOfList(std::span(copy).first(value.size()));
  if (!list) {
    return list.error();
  }
  if (name != kAccessList) {
    return SetInnerXattr(context, node, host_name, value, in.flags);
  }
  const std::scoped_lock lock(LockOf(node));
  const auto attributes = GetAttr(context, node);
  if (!attributes) {
    return attributes.error();
  }
  const Status kept = list->is_mode ? RemoveList(context, node, host_name)
                                    : SetInnerXattr(context, node, host_name, value, in.flags);
  if (!kept) {
    return kept;
  }
  const bool clears = (in.setxattr_flags & abi::FUSE_SETXATTR_ACL_KILL_SGID) != 0;
  const uint32_t mode =
      (attributes->attr.mode & ~(0777u | (clears ? S_ISGID : 0))) | list->permissions;
  StoredAttributes change;
  change.mode = mode;
  return mode == attributes->attr.mode ? Status() : ChangeStored(context, node, change);
}

Status Mapped::SetXattr(RequestContext& context, NodeId node, const char* name,
                        std::span<const std::byte> value, const abi::fuse_setxattr_in& in) {
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed;
  }
  RequestContext self = AsSelf(context);
  if (IsPosixAcl(name)) {
    return SetAccessList(self, node, name, value, in);
  }
  return IsHiddenXattr(name) ? Status(Errno(EACCES)) : inner_.SetXattr(self, node, name, value, in);
}

Result<size_t> Mapped::GetXattr(RequestContext& context, NodeId node, const char* name,
                                std::span<std::byte> value) {
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed.error();
  }
  if (IsHiddenXattr(name)) {
    return Errno(ENODATA);
  }
  return inner_.GetXattr(context, node, IsPosixAcl(name) ? HostNameOfList(name) : name, value);
}

Status Mapped::RemoveXattr(RequestContext& context, NodeId node, const char* name) {
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed;
  }
  RequestContext self = AsSelf(context);
  if (IsPosixAcl(name)) {
    return RemoveList(self, node, HostNameOfList(name));
  }
  return IsHiddenXattr(name) ? Status(Errno(EACCES)) : inner_.RemoveXattr(self, node, name);
}

Result<size_t> Mapped::ListXattr(RequestContext& context, NodeId node, std::span<std::byte> names) {
  if (!options_.xattr) {
    return Errno(ENOSYS);
  }
  return ListShownNames(inner_, context, node, names,
                        [&](std::string_view name) -> std::optional<std::string_view> {
                          if (IsHiddenXattr(name)) {
                            name.remove_prefix(hidden_xattrs_.size());
                            if (!IsPosixAcl(name)) {
                              return std::nullopt;
                            }
                          }
                          return CheckXattrName(context, name) ? std::optional(name) : std::nullopt;
                        });
}

}  // namespace vfsd::fs::mapped
