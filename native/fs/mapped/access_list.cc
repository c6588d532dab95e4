// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/access_list.h"

#include <utility>

#include "abi/posix_acl.h"
#include "fs/posix_acl.h"

namespace vfsd::fs::mapped {
namespace {

using Entry = abi::posix_acl_xattr_entry;

constexpr uint16_t kAllPermissions = 07;

/** The entries that have a counterpart in the mode. */
struct ModeEntries {
  Entry* owner = nullptr;
  Entry* group = nullptr;
  Entry* mask = nullptr;
  Entry* other = nullptr;
  bool names_anyone = false;

  /** What the group's bits of the mode stand for. */
  Entry& GroupClass() const { return mask == nullptr ? *group : *mask; }

  ModeOfList Mode() const {
    return {static_cast<uint32_t>(owner->perm << 6 | GroupClass().perm << 3 | other->perm),
            mask == nullptr && !names_anyone};
  }
};

Result<ModeEntries> FindModeEntries(std::span<std::byte> list) {
  const auto entries = PosixAclEntries(list);
  if (!entries) {
    return entries.error();
  }
  ModeEntries found;
  for (Entry& entry : *entries) {
    if ((entry.perm & ~kAllPermissions) != 0) {
      return Errno(EINVAL);
    }
    Entry** place = nullptr;
    switch (entry.tag) {
      case abi::ACL_USER_OBJ:
        place = &found.owner;
        break;
      case abi::ACL_GROUP_OBJ:
        place = &found.group;
        break;
      case abi::ACL_MASK:
        place = &found.mask;
        break;
      case abi::ACL_OTHER:
        place = &found.other;
        break;
      case abi::ACL_USER:
      case abi::ACL_GROUP:
        found.names_anyone = true;
        continue;
      default:
        return Errno(EINVAL);
    }
    if (std::exchange(*place, &entry) != nullptr) {
      return Errno(EINVAL);
    }
  }
  const bool complete = found.owner != nullptr && found.group != nullptr &&
                        found.other != nullptr && (found.mask != nullptr || !found.names_anyone);
  return complete ? Result(found) : Errno(EINVAL);
}

}  // namespace

Result<ModeOfList> ReadModeOfList(std::span<std::byte> list) {
  const auto entries = FindModeEntries(list);
  return entries ? Result(entries->Mode()) : entries.error();
}

Status SetModeOfList(std::span<std::byte> list, uint32_t mode) {
  const auto entries = FindModeEntries(list);
  if (!entries) {
    return entries.error();
  }
  entries->owner->perm = static_cast<uint16_t>(mode >> 6 & kAllPermissions);
  entries->GroupClass().perm = static_cast<uint16_t>(mode >> 3 & kAllPermissions);
  entries->other->perm = static_cast<uint16_t>(mode & kAllPermissions);
  return {};
}

Result<ModeOfList> InheritList(std::span<std::byte> list, uint32_t mode) {
  const auto entries = FindModeEntries(list);
  if (!entries) {
    return entries.error();
  }
  const auto restrict = [mode](Entry& entry, unsigned shift) {
    entry.perm = static_cast<uint16_t>(entry.perm & (mode >> shift));
  };
  restrict(*entries->owner, 6);
  restrict(entries->GroupClass(), 3);
  restrict(*entries->other, 0);
  return entries->Mode();
}

}  // namespace vfsd::fs::mapped
