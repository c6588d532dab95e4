// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/host_lock.h"
#include "fs/passthrough/lock_ranges.h"
#include "fuse/types.h"

namespace vfsd::fs::passthrough {

/**
 * An open file description of its own for one lock owner of the guest in one file: on the host it
 * is who holds the owner's locks of fcntl(2), and they end when it is closed.
 */
struct LockDescription {
  LockDescription(UniqueFd own_fd, FdBudget::Share own_share, LockRangeBudget& budget)
      : fd(std::move(own_fd)), share(std::move(own_share)), ranges(budget) {}

  /** Sets it, and counts its range. ENOLCK: there are too many. */
  Status Set(const HostLock& lock) { return ranges.Set(lock, fd.get()); }
  Status Wait(const HostLock& lock) { return ranges.Wait(lock, fd.get()); }

  const UniqueFd fd;
  const FdBudget::Share share;
  LockRanges ranges;
  /** It may hold locks. */
  std::atomic<bool> holds = false;
  /** The guest's process that set a lock last. */
  std::atomic<uint32_t> pid = 0;
  /**
   * Through which of the guest's handles locks were asked for, kMostHandles of them. Guarded by the
   * table's lock.
   */
  std::vector<fuse::FileHandle> handles;

  static constexpr size_t kMostHandles = 256;
};

/**
 * (nodeid, lock owner) → description. Called by any thread; a description that is being worked with
 * outlives its place in the table.
 */
class LockDescriptions {
 public:
  using Ref = std::shared_ptr<LockDescription>;

  /** Null when the owner has none. */
  Ref Find(fuse::NodeId node, fuse::LockOwner owner);

  /** The same, and notes that `handle` is used with it. ENOLCK: so are too many others. */
  Result<Ref> Find(fuse::NodeId node, fuse::LockOwner owner, fuse::FileHandle handle);

  /** Adds one for the owner; answers the one that is there if another thread was faster. ENOLCK as
   * above. */
  Result<Ref> Add(fuse::NodeId node, fuse::LockOwner owner, fuse::FileHandle handle,
                  const Ref& description);

  /** At most `limit` descriptions of a file's other owners. */
  std::vector<Ref> OthersOf(fuse::NodeId node, fuse::LockOwner owner, size_t limit);

  /** The owner has closed the file and loses its locks. */
  void EndOwner(fuse::NodeId node, fuse::LockOwner owner);

  /**
   * The handle is gone. An owner without another one is gone too: a process has sent its FLUSH
   * before, and the owner of an open file description's locks never does.
   */
  void EndHandle(fuse::NodeId node, fuse::FileHandle handle);

  void EndAll();

 private:
  using Key = std::pair<fuse::NodeId, fuse::LockOwner>;

  /** Most files are closed without ever having been locked: they need no lock here either. */
  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

  std::atomic<size_t> count_ = 0;
  std::mutex lock_;
  std::map<Key, Ref> descriptions_;
};

}  // namespace vfsd::fs::passthrough
