// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "abi/fuse.h"
#include "fs/passthrough/mounts.h"
#include "fuse/types.h"

namespace vfsd::fs::passthrough {

/**
 * An inode number as the guest sees it. A guest that tells submounts apart sees the host's own;
 * for any other one all is one file system, in which numbers of several mounts must not meet. They
 * are put into the uppermost bits, which numbers do not reach as a rule.
 */
inline uint64_t GuestNumber(const fuse::RequestContext& context, const Mount& mount,
                            uint64_t number) {
  constexpr int kNumberBits = 48;
  return context.Negotiated(abi::FUSE_SUBMOUNTS) ? number
                                                 : number ^ uint64_t { mount.index } << kNumberBits;
}

/** Whether the guest is told that a file system of its own begins at what was found by a name. */
inline bool BeginsSubmount(const fuse::RequestContext& context, const Mount& mount,
                           const struct statx& attributes) {
  if (!context.Negotiated(abi::FUSE_SUBMOUNTS) || !S_ISDIR(attributes.stx_mode)) {
    return false;
  }
  // The number that btrfs gives the root of each of its trees.
  constexpr uint64_t kSubvolumeRoot = 256;
  return (attributes.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 ||
         (mount.traits.has_subvolumes && attributes.stx_ino == kSubvolumeRoot);
}

}  // namespace vfsd::fs::passthrough
