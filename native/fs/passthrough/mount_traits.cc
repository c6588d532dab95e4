// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/mount_traits.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdint>

namespace vfsd::fs::passthrough {
namespace {

// Not in every linux/magic.h.
constexpr uint32_t kZfsMagic = 0x2fc12fc1;
constexpr uint32_t kXfsMagic = 0x58465342;

}  // namespace

MountTraits TraitsOf(int fd) {
  struct statfs file_system;
  if (fstatfs(fd, &file_system) != 0) {
    return {.flush_matters = true, .asks_server = true};
  }
  switch (static_cast<uint32_t>(file_system.f_type)) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return {.in_memory = true};
    case BTRFS_SUPER_MAGIC:
      return {.has_subvolumes = true};
    case EXT4_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case kXfsMagic:
    case kZfsMagic:
      return {};
    case OVERLAYFS_SUPER_MAGIC:
      // Its upper layer, which all changes are made in, is a local file system.
      return {.flush_matters = true};
    case PROC_SUPER_MAGIC:
      return {.flush_matters = true, .in_memory = true, .shows_processes = true};
    default:
      return {.flush_matters = true, .asks_server = true};
  }
}

}  // namespace vfsd::fs::passthrough
