// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values of system.posix_acl_access and system.posix_acl_default, version 2. Names are the
// kernel's (linux/posix_acl_xattr.h, linux/posix_acl.h). The kernel's format is little-endian, as
// every machine is that vfsd runs on.

#include <cstddef>
#include <cstdint>

namespace vfsd::abi {

inline constexpr uint32_t POSIX_ACL_XATTR_VERSION = 2;

inline constexpr uint16_t ACL_USER_OBJ = 0x01;
inline constexpr uint16_t ACL_USER = 0x02;
inline constexpr uint16_t ACL_GROUP_OBJ = 0x04;
inline constexpr uint16_t ACL_GROUP = 0x08;
inline constexpr uint16_t ACL_MASK = 0x10;
inline constexpr uint16_t ACL_OTHER = 0x20;

inline constexpr uint32_t ACL_UNDEFINED_ID = UINT32_MAX;

struct posix_acl_xattr_header {
  uint32_t version;
};
static_assert(sizeof(posix_acl_xattr_header) == 4);

/** Lies anywhere in a value of bytes: no alignment can be relied on. */
struct [[gnu::packed, gnu::may_alias]] posix_acl_xattr_entry {
  uint16_t tag;
  uint16_t perm;
  /** Of ACL_USER and ACL_GROUP; undefined otherwise. */
  uint32_t id;
};
static_assert(sizeof(posix_acl_xattr_entry) == 8 && alignof(posix_acl_xattr_entry) == 1);

}  // namespace vfsd::abi
