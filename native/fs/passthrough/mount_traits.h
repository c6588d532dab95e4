// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace vfsd::fs::passthrough {

/** What is known of the file system below a file, as far as it changes how vfsd works with it. */
struct MountTraits {
  /** Closing a file can report an error or push data (NFS, FUSE, overlayfs …): the guest's FLUSH
   * matters. */
  bool flush_matters : 1;
  /** Data is always in memory: a read never sleeps. */
  bool in_memory : 1;
};

/** Finds the traits of a device, and remembers them. Called by any thread, without a lock. */
class MountTraitsCache {
 public:
  /** @param device st_dev of the file behind `fd` */
  MountTraits Of(uint64_t device, int fd);

 private:
  static MountTraits Ask(int fd);

  // No device has this number: minor and major are both at their end.
  static constexpr uint64_t kBeingFilled = UINT64_MAX;

  struct Entry {
    std::atomic<uint64_t> device = 0;  // 0: free
    std::atomic<MountTraits> traits;
  };
  // A share has a handful of file systems; what finds no place here is asked again.
  std::array<Entry, 16> entries_;
};

}  // namespace vfsd::fs::passthrough
