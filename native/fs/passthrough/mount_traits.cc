// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/mount_traits.h"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace vfsd::fs::passthrough {
namespace {

// Not in every linux/magic.h.
constexpr uint32_t kZfsMagic = 0x2fc12fc1;
constexpr uint32_t kXfsMagic = 0x58465342;

}  // namespace

MountTraits MountTraitsCache::Of(uint64_t device, int fd) {
  for (Entry& entry : entries_) {
    uint64_t known = entry.device.load(std::memory_order_acquire);
    if (known == device) {
      return entry.traits.load(std::memory_order_relaxed);
    }
    if (known == 0) {
      const MountTraits traits = Ask(fd);
      // A reader of the number must find the traits: they are the same whoever stores them, so the
      // order is enough.
      if (entry.device.compare_exchange_strong(known, kBeingFilled, std::memory_order_relaxed)) {
        entry.traits.store(traits, std::memory_order_relaxed);
        entry.device.store(device, std::memory_order_release);
      }
      return traits;
    }
  }
  return Ask(fd);
}

MountTraits MountTraitsCache::Ask(int fd) {
  struct statfs file_system;
  if (fstatfs(fd, &file_system) != 0) {
    return {.flush_matters = true, .in_memory = false};
  }
  switch (static_cast<uint32_t>(file_system.f_type)) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return {.flush_matters = false, .in_memory = true};
    case EXT4_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case kXfsMagic:
    case kZfsMagic:
      return {.flush_matters = false, .in_memory = false};
    default:
      return {.flush_matters = true, .in_memory = false};
  }
}

}  // namespace vfsd::fs::passthrough
