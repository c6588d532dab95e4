// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/mount_traits.h"
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

/** A file, directory or other object that the guest knows by nodeid. */
struct Inode {
  InodeKey key;
  /** O_PATH; pins the object, so that it is the same for as long as it is known. */
  UniqueFd fd;
  /** Of st_mode the S_IFMT bits, which never change. */
  uint32_t type;
  MountTraits traits;
  /** How many lookups the guest has not forgotten. Guarded by the key's shard lock. */
  uint64_t nlookup;
  /** The next inode of the same bucket, 0 at the end. Guarded by the key's shard lock. */
  uint64_t next_in_bucket;
  FdBudget::Share share;
};

/**
 * nodeid → inode without a lock, and key → inode under one of 64 locks.
 *
 * Lock order: a shard lock, then the slab's own. No system call is made under a shard lock.
 */
class InodeTable {
 public:
  using Ref = Slab<Inode>::Ref;

  explicit InodeTable(FdBudget& budget) : budget_(budget) {}
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;

  /** Makes the root: nodeid 1, which is never forgotten. To be called first, once. */
  void AddRoot(InodeKey key, UniqueFd fd, MountTraits traits);

  /** Any number may be asked for. */
  Ref Find(fuse::NodeId node) { return slab_.Find(static_cast<uint64_t>(node)); }

  /** Adds a lookup to the inode of that key, if it is known. */
  std::optional<fuse::NodeId> LookUpKnown(const InodeKey& key);

  /**
   * Adds a lookup to the inode of that key, which becomes known with this descriptor unless another
   * thread was faster. Takes one from the budget while it is known. EMFILE: the budget is used up.
   * ENFILE: no more inodes.
   */
  Result<fuse::NodeId> LookUp(const InodeKey& key, UniqueFd fd, uint32_t type, MountTraits traits);

  /** Takes lookups away, at most as many as there are; the last one makes the inode unknown. */
  void Forget(fuse::NodeId node, uint64_t nlookup);

  /** Makes every inode but the root unknown. */
  void ForgetAll();

 private:
  struct Shard {
    std::mutex lock;
    std::vector<uint64_t> buckets = std::vector<uint64_t>(16);  // first inode of each, 0: none
    size_t inodes = 0;
  };

  static uint64_t Hash(const InodeKey& key);
  Shard& ShardOf(uint64_t hash) { return shards_[hash % shards_.size()]; }
  static uint64_t& BucketOf(Shard& shard, uint64_t hash) {
    return shard.buckets[hash / kShards % shard.buckets.size()];
  }

  // All with the shard's lock held.
  Ref FindInShard(Shard& shard, uint64_t hash, const InodeKey& key);
  void Link(Shard& shard, uint64_t hash, uint64_t id);
  void Unlink(Shard& shard, const Ref& inode);
  void Grow(Shard& shard);

  static constexpr size_t kShards = 64;

  FdBudget& budget_;
  Slab<Inode> slab_;
  std::array<Shard, kShards> shards_;
};

}  // namespace vfsd::fs::passthrough
