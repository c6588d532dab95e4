// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "abi/fuse.h"
#include "base/result.h"
#include "fuse/types.h"

namespace vfsd::fs {

/** What the permission bits let a guest user do: R_OK, W_OK and X_OK. */
inline uint32_t GrantedAccess(const fuse::Caller& caller, const abi::fuse_attr& attributes) {
  if (caller.uid == identity::GuestUid{0}) {
    const bool executable = (attributes.mode & 0111) != 0 || S_ISDIR(attributes.mode);
    return R_OK | W_OK | (executable ? X_OK : 0);
  }
  const bool owner = static_cast<uint32_t>(caller.uid) == attributes.uid;
  const bool group = static_cast<uint32_t>(caller.gid) == attributes.gid;
  return attributes.mode >> (owner ? 6 : group ? 3 : 0) & 07;
}

/** What access(2) answers: EACCES, or EINVAL when `mask` has anything else. */
inline Status CheckAccess(const fuse::Caller& caller, const abi::fuse_attr& attributes,
                          uint32_t mask) {
  if ((mask & ~static_cast<uint32_t>(R_OK | W_OK | X_OK)) != 0) {
    return Errno(EINVAL);
  }
  const bool granted = (mask & ~GrantedAccess(caller, attributes)) == 0;
  return granted ? Status() : Status(Errno(EACCES));
}

}  // namespace vfsd::fs
