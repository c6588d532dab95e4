// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "fs/passthrough/inode.h"
#include "fs/slab.h"
#include "fuse/types.h"

namespace vfsd::fs::passthrough {

/**
 * nodeid → inode without a lock, and key → inode under one of 64 locks.
 *
 * Lock order: a shard lock, then the slab's own. No system call is made under a shard lock.
 */
class InodeTable {
 public:
  using Ref = Slab<KnownInode>::Ref;

  InodeTable() = default;
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;

  /** Makes the root: nodeid 1, which is never forgotten and never cold. To be called first, once.
   */
  void AddRoot(const InodeKey& key, UniqueFd fd, const Mount& mount);

  /** Any number may be asked for. */
  Ref Find(fuse::NodeId node) { return slab_.Find(static_cast<uint64_t>(node)); }

  /** The inode of that key, if it is known. When it is cold, it is up to the caller to find out
   * whether it is the same. */
  Ref FindKnown(const InodeKey& key);

  struct Known {
    /** Empty: there is none. */
    std::optional<fuse::NodeId> node;
    /** The inode if it is cold. */
    Ref cold;
  };
  /** The same, and adds a lookup to it; nothing when it has become known after `newest`. */
  Known LookUpKnown(const InodeKey& key, uint64_t newest = std::numeric_limits<uint64_t>::max());

  /**
   * Which inode became known last. A key that was asked for afterwards belongs to an inode that is
   * not newer and exists still; a newer one may have got the number of what was asked about.
   */
  uint64_t Newest() const { return newest_.load(std::memory_order_acquire); }

  /**
   * Makes an inode known, with one lookup; nothing, and `inode` is left alone, when there is one of
   * that key by now. ENFILE: no more inodes.
   */
  Result<std::optional<fuse::NodeId>> Add(KnownInode& inode);

  /** Its key belongs to another object: it is found by its nodeid only, from now on. */
  void SetReplaced(const Ref& inode);

  /** Takes lookups away, at most as many as there are; the last one makes the inode unknown. */
  void Forget(fuse::NodeId node, uint64_t nlookup);

  /** How many are known. */
  size_t Count() const { return count_.load(std::memory_order_relaxed); }

  /** Makes every inode but the root unknown. */
  void ForgetAll();

  // inode_temperature.cc

  /** Gives a cold inode a descriptor; false when another thread was faster. */
  bool MakeHot(const Ref& inode, UniqueFd& fd, FdBudget::Share& share);

  /**
   * Makes some hot inodes cold that have not been used since they were asked last. What has been
   * removed stays hot: nothing else keeps it. False when there was none.
   *
   * @param most_asked how many to ask at most
   */
  bool MakeSomeCold(size_t most_asked);

  /** Whether an inode has been cold in this session. */
  bool HasBeenCold() const { return has_been_cold_.load(std::memory_order_relaxed); }

 private:
  struct Shard {
    std::mutex lock;
    std::vector<uint64_t> buckets = std::vector<uint64_t>(16);  // first inode of each, 0: none
    size_t inodes = 0;
    /** Hot inodes that can become cold, in the order in which they are asked to; some may be
     * forgotten already. */
    std::deque<uint64_t> hot;
    /** How many of these, at most. */
    size_t forgotten_hot = 0;
  };

  static uint64_t Hash(const InodeKey& key);
  Shard& ShardOf(uint64_t hash) { return shards_[hash % shards_.size()]; }
  static uint64_t& BucketOf(Shard& shard, uint64_t hash) {
    // Their number is a power of two.
    return shard.buckets[hash / kShards & (shard.buckets.size() - 1)];
  }

  // All with the shard's lock held.
  /** The inode's number, 0: there is none. It stays listed for as long as the lock is held. */
  uint64_t FindInShard(Shard& shard, uint64_t hash, const InodeKey& key);
  void Link(Shard& shard, uint64_t hash, uint64_t id, bool may_cool);
  void Unlink(Shard& shard, uint64_t id);
  void Grow(Shard& shard);
  void AppendHot(Shard& shard, uint64_t id);
  void CountForgotten(Shard& shard, const KnownInode& inode);

  enum class Cooling : uint8_t {
    kDone,
    kNotNow,  // somebody uses it, or the host could not say what there is to know
    kNever,   // it has been removed, and nothing else keeps it
  };

  /** Hot inodes of a shard that are idle, at most `count`; takes them out of `hot`. */
  std::vector<Ref> TakeIdle(Shard& shard, size_t& most_asked, size_t count);
  Cooling MakeCold(const Ref& idle);

  static constexpr size_t kShards = 64;

  Slab<KnownInode> slab_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> newest_ = 0;
  std::atomic<size_t> count_ = 0;
  std::atomic<uint32_t> next_shard_ = 0;
  std::atomic<size_t> hot_ = 0;
  std::atomic<bool> has_been_cold_ = false;
};

}  // namespace vfsd::fs::passthrough
