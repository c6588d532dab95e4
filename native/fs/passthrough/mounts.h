// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/mount_traits.h"
#include "sys/proc_self_fd.h"

namespace vfsd::fs::passthrough {

/** Whether inodes are held by file handle when descriptors run short. */
enum class InodeFileHandles : uint8_t {
  kNever,
  kPrefer,     // where the file system and the daemon's capabilities allow it
  kMandatory,  // what has none is not served
};

/** A tree of inode numbers: a mount, or one of its devices where it has several (btrfs). */
struct Mount {
  uint64_t id;
  uint64_t device;
  /** 0 for the root's, then in the order in which they were met. */
  uint32_t index;
  MountTraits traits;
  /** Opened for reading, as open_by_handle_at(2) wants it; none: inodes here have no handles. */
  UniqueFd fd;
  /** Why there are no handles. */
  Errno refusal;
  FdBudget::Share share;
  Mount* next;

  bool HasHandles() const { return static_cast<bool>(fd); }

  /**
   * Whether the root of a mount with this id and device is another mount's: the kernel uses both
   * again when nothing holds the mount any more. What has handles is held by their descriptor.
   */
  bool MayBeAnother(int root) const { return !HasHandles() && TraitsOf(root) != traits; }
};

/**
 * The mounts below the share, as they are met; none is forgotten, since inodes and open files refer
 * to them. Finding one needs no lock.
 */
class Mounts {
 public:
  Mounts(InodeFileHandles handles, const sys::ProcSelfFd& proc_self_fd)
      : handles_(handles), proc_self_fd_(proc_self_fd) {}
  Mounts(const Mounts&) = delete;
  Mounts& operator=(const Mounts&) = delete;
  ~Mounts();

  /** Nullptr: nothing of it has been met. */
  const Mount* Find(uint64_t id, uint64_t device) const;

  /**
   * Adds the mount of the file behind `o_path`, unless another thread was faster. It takes the
   * place of one that has the same id and device and is another: what was found there keeps that.
   *
   * @param type its S_IFMT bits
   * @param share for the descriptor of a mount with handles
   */
  const Mount& Meet(uint64_t id, uint64_t device, int o_path, uint32_t type, FdBudget::Share share);

 private:
  static constexpr size_t kBuckets = 64;

  Result<UniqueFd> OpenForHandles(uint64_t id, uint64_t device, int o_path, uint32_t type) const;
  static size_t BucketOf(uint64_t id, uint64_t device) { return (id ^ device) % kBuckets; }

  const InodeFileHandles handles_;
  const sys::ProcSelfFd& proc_self_fd_;
  std::mutex meeting_;
  uint32_t met_ = 0;
  // Chains that only grow, at their heads.
  std::array<std::atomic<Mount*>, kBuckets> buckets_ = {};
};

}  // namespace vfsd::fs::passthrough
