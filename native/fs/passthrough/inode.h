// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/host_file_handle.h"
#include "fs/passthrough/lookup_foresight.h"
#include "fs/passthrough/mounts.h"
#include "fs/slab.h"
#include "fuse/types.h"

namespace vfsd::fs::passthrough {

/**
 * What makes an inode itself while a descriptor keeps it from being freed. The mount is a part of
 * it: equal inode numbers on different mounts stay apart.
 */
struct InodeKey {
  uint64_t mount;
  uint64_t device;
  uint64_t number;

  friend bool operator==(const InodeKey&, const InodeKey&) = default;
};

/** The O_PATH descriptor of an inode, as long as it has one. */
class HotFd {
 public:
  HotFd() = default;
  explicit HotFd(UniqueFd fd) : fd_(fd.Release()) {}
  HotFd(HotFd&& other) noexcept : fd_(other.fd_.exchange(-1, std::memory_order_relaxed)) {}
  HotFd& operator=(HotFd&&) = delete;
  HotFd(const HotFd&) = delete;
  HotFd& operator=(const HotFd&) = delete;
  ~HotFd() { UniqueFd(get()).Reset(); }

  /** Negative: none. */
  int get() const { return fd_.load(std::memory_order_acquire); }

  /** Takes the descriptor, unless there is one. Whoever sees it sees all that was written before.
   */
  bool Set(UniqueFd& fd) {
    int none = -1;
    if (!fd_.compare_exchange_strong(none, fd.get(), std::memory_order_acq_rel)) {
      return false;
    }
    (void)fd.Release();
    return true;
  }

  /** Precondition: nobody else has a reference to the inode. */
  UniqueFd Remove() { return UniqueFd(fd_.exchange(-1, std::memory_order_acq_rel)); }

 private:
  std::atomic<int> fd_ = -1;
};

/**
 * A file, directory or other object that the guest knows by nodeid. It is *hot* while it holds a
 * descriptor and a share of the budget, and *cold* while all it has is its file handle.
 *
 * What finding one by its key reads and writes lies side by side: with many inodes, the memory that
 * is touched is what this costs.
 */
struct KnownInode {
  /** What it was found as. It identifies a hot inode; a cold one's number may be another file's by
   * now. */
  InodeKey key;
  /** Goes only from cold to hot while there is a reference. */
  HotFd fd;
  /** Of st_mode the S_IFMT bits, which never change. */
  uint32_t type;
  MountTraits traits;
  /** Its key belongs to another object now. Guarded by the key's shard lock. */
  bool replaced = false;
  /** A directory's. */
  LookupForesight foresight;
  /** Numbers inodes in the order in which they became known. */
  uint64_t born = 0;
  /** How many lookups the guest has not forgotten. Guarded by the key's shard lock. */
  uint64_t nlookup = 1;
  /** The next inode of the same bucket, 0 at the end. Guarded by the key's shard lock. */
  uint64_t next_in_bucket = 0;
  const Mount* mount;
  /** There from the first time on that it is cold; never changes then. */
  HostFileHandle handle;
  /** A hot inode's. Written by who makes it hot or cold. */
  FdBudget::Share share;
};

/** A descriptor for as long as an operation lasts: the inode's, or one of the operation's own. */
class PinnedFd {
 public:
  explicit PinnedFd(int borrowed) : fd_(borrowed) {}
  explicit PinnedFd(UniqueFd own) : fd_(own.get()), own_(std::move(own)) {}

  int get() const { return fd_; }

 private:
  int fd_;
  UniqueFd own_;
};

/** An inode as an operation works with it. */
struct Inode {
  PinnedFd fd;
  uint32_t type;
  MountTraits traits;
  const Mount* mount;
};

/** Keeps an inode known, and its descriptor open. */
class PinnedInode {
 public:
  using Ref = Slab<KnownInode>::Ref;

  PinnedInode(Ref&& ref, PinnedFd&& fd)
      : ref_(std::move(ref)), inode_{std::move(fd), ref_->type, ref_->traits, ref_->mount} {}

  fuse::NodeId node() const { return fuse::NodeId{ref_.id()}; }
  const Inode& operator*() const { return inode_; }
  const Inode* operator->() const { return &inode_; }
  LookupForesight& foresight() const { return ref_->foresight; }

 private:
  // Before the descriptor, which it keeps open.
  Ref ref_;
  Inode inode_;
};

}  // namespace vfsd::fs::passthrough
