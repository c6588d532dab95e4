// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "abi/posix_acl.h"
#include "base/result.h"
#include "fs/id_translation_table.h"

namespace vfsd::fs {

// The extended attributes that are access control lists.
inline constexpr std::string_view kAccessList = "system.posix_acl_access";
inline constexpr std::string_view kDefaultList = "system.posix_acl_default";

inline bool IsPosixAcl(std::string_view name) {
  return name == kAccessList || name == kDefaultList;
}

/**
 * The entries in the value of an access control list, in place. EINVAL: it is no such value.
 * EOPNOTSUPP: another version of the format.
 */
Result<std::span<abi::posix_acl_xattr_entry>> PosixAclEntries(std::span<std::byte> value);

/** What is done when a list has more than one entry for a user or group after its translation, and
 * they say different things. */
enum class Conflict {
  /** EINVAL: whoever sets the list is told that it cannot be kept as it was meant. */
  kRefuse,
  /** One entry stays, with what all of them permit: it never permits more than was meant for anyone
   * of them. */
  kRestrict,
};

/**
 * Translates the ids in the value of an access control list, in place, and brings the entries of
 * users and those of groups back into the order of their ids. Answers the value's length, which
 * gets shorter when entries become one.
 *
 * EINVAL: it is no such value, or has an entry for nobody. EOPNOTSUPP: another version of the
 * format. EPERM: an id is forbidden.
 */
Result<size_t> TranslatePosixAcl(std::span<std::byte> value, const IdTable& users,
                                 const IdTable& groups, Conflict conflict);

}  // namespace vfsd::fs
