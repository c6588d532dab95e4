// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/result.h"
#include "fs/passthrough/host_lock.h"

namespace vfsd::fs::passthrough {

/**
 * How many ranges of files all owners of a guest may have locked: each is memory of the host's
 * kernel, which goes through all of a file's to set another.
 */
class LockRangeBudget {
 public:
  static constexpr int64_t kLimit = 16384;

  explicit LockRangeBudget(int64_t limit = kLimit) : left_(limit) {}

  /** False: so many are not left. */
  bool Take(int64_t count) {
    if (left_.fetch_sub(count, std::memory_order_relaxed) >= count) {
      return true;
    }
    Give(count);
    return false;
  }
  void Give(int64_t count) { left_.fetch_add(count, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> left_;
};

/**
 * The ranges that one open file description has locked, as the host's kernel keeps them: counted,
 * so that the guest cannot have any number of them. Called by any thread.
 */
class LockRanges {
 public:
  explicit LockRanges(LockRangeBudget& budget) : budget_(budget) {}
  LockRanges(const LockRanges&) = delete;
  LockRanges& operator=(const LockRanges&) = delete;
  ~LockRanges() { budget_.Give(counted_); }

  /** Sets the lock on the description `fd`, as HostLock::Try(). ENOLCK: the guest has too many. */
  Status Set(const HostLock& lock, int fd);

  /** Waits for the lock and sets it, as HostLock::Wait(). */
  Status Wait(const HostLock& lock, int fd);

  /** Of the host's kernel, at most. */
  int64_t count() const { return counted_; }

 private:
  struct Range {
    uint64_t last;
    int16_t type;
  };
  using Ranges = std::map<uint64_t, Range>;

  // All with the lock held.
  Status SetCounted(const HostLock& lock, int fd);
  /** How many ranges more there are with it. */
  int64_t Growth(const HostLock& lock) const;
  void Apply(const HostLock& lock);
  /** The first range that `first` is in, or that begins behind it. */
  Ranges::iterator FirstFrom(uint64_t first);

  LockRangeBudget& budget_;
  std::mutex lock_;
  Ranges ranges_;
  /** What the budget lacks for this. */
  int64_t counted_ = 0;
};

}  // namespace vfsd::fs::passthrough
