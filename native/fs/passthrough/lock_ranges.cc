// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/lock_ranges.h"

#include <algorithm>
#include <utility>

namespace vfsd::fs::passthrough {

Status LockRanges::Set(const HostLock& lock, int fd) {
  const std::scoped_lock guard(lock_);
  return SetCounted(lock, fd);
}

Status LockRanges::Wait(const HostLock& lock, int fd) {
  // What it can add at most: a range within another one makes three of it.
  constexpr int64_t kMost = 2;
  if (!budget_.Take(kMost)) {
    return Errno(ENOLCK);
  }
  const Status waited = lock.Wait(fd);
  const std::scoped_lock guard(lock_);
  budget_.Give(kMost);
  if (!waited) {
    return waited;
  }
  // Another thread of the owner may have changed a part of it since. Setting it again makes what
  // is known here and in the kernel the same: the answer is not given yet, so that nobody can say
  // which of the two came first.
  const Status again = SetCounted(lock, fd);
  if (again) {
    return again;
  }
  // Another owner has a part that was given up meanwhile. What the kernel has is no more than this.
  budget_.Give(-kMost);
  counted_ += kMost;
  return {};
}

Status LockRanges::SetCounted(const HostLock& lock, int fd) {
  const int64_t growth = Growth(lock);
  if (growth > 0 && !budget_.Take(growth)) {
    return Errno(ENOLCK);
  }
  const Status set = lock.Try(fd);
  if (!set) {
    budget_.Give(std::max<int64_t>(growth, 0));
    return set;
  }
  Apply(lock);
  const auto left = static_cast<int64_t>(ranges_.size());
  if (left == 0) {
    // Nothing is locked, whatever was counted.
    budget_.Give(std::exchange(counted_, 0));
    return set;
  }
  counted_ += growth;
  budget_.Give(std::max<int64_t>(-growth, 0));
  return set;
}

LockRanges::Ranges::iterator LockRanges::FirstFrom(uint64_t first) {
  auto found = ranges_.upper_bound(first);
  if (found != ranges_.begin() && std::prev(found)->second.last >= first) {
    --found;
  }
  return found;
}

int64_t LockRanges::Growth(const HostLock& lock) const {
  const auto first = static_cast<uint64_t>(lock.start);
  const uint64_t last = lock.last();
  int64_t growth = lock.type == F_UNLCK ? 0 : 1;
  auto range = ranges_.lower_bound(first);
  if (range != ranges_.begin() && std::prev(range)->second.last + 1 >= first) {
    --range;
  }
  for (; range != ranges_.end() && (range->first <= last || range->first - 1 == last); ++range) {
    const auto& [begin, what] = *range;
    const bool apart = what.last < first || begin > last;
    if (what.type == lock.type) {
      // It becomes a part of the new one.
      growth -= 1;
    } else if (!apart) {
      growth -= 1;
      growth += begin < first ? 1 : 0;
      growth += what.last > last ? 1 : 0;
    }
  }
  return growth;
}

void LockRanges::Apply(const HostLock& lock) {
  uint64_t first = static_cast<uint64_t>(lock.start);
  uint64_t last = lock.last();
  for (auto range = FirstFrom(first); range != ranges_.end() && range->first <= last;) {
    const auto [begin, what] = *range;
    range = ranges_.erase(range);
    if (what.type == lock.type) {
      first = std::min(first, begin);
      last = std::max(last, what.last);
      continue;
    }
    if (begin < first) {
      ranges_.emplace(begin, Range{first - 1, what.type});
    }
    if (what.last > last) {
      range = ranges_.emplace(last + 1, what).first;
    }
  }
  if (lock.type == F_UNLCK) {
    return;
  }
  // Neighbours of the same type become one.
  if (const auto next = ranges_.find(last + 1);
      next != ranges_.end() && next->second.type == lock.type) {
    last = next->second.last;
    ranges_.erase(next);
  }
  const auto behind = ranges_.lower_bound(first);
  if (behind != ranges_.begin()) {
    const auto before = std::prev(behind);
    if (before->second.last + 1 == first && before->second.type == lock.type) {
      first = before->first;
      ranges_.erase(before);
    }
  }
  ranges_.emplace(first, Range{last, lock.type});
}

}  // namespace vfsd::fs::passthrough
