// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/inode_table.h"

#include <algorithm>
#include <utility>

namespace vfsd::fs::passthrough {

using fuse::NodeId;

uint64_t InodeTable::Hash(const InodeKey& key) {
  // Multiplicative mixing: inode numbers are nearly consecutive, device and mount nearly constant.
  uint64_t hash = key.number * 0x9e37'79b9'7f4a'7c15;
  hash ^= (key.device + (key.mount << 32)) * 0xc2b2'ae3d'27d4'eb4f;
  return hash ^ hash >> 32;
}

uint64_t InodeTable::FindInShard(Shard& shard, uint64_t hash, const InodeKey& key) {
  for (uint64_t id = BucketOf(shard, hash); id != 0;) {
    // Safe without a reference: the shard's lock keeps every linked inode listed.
    const KnownInode& inode = slab_.At(id);
    if (inode.key == key && !inode.replaced) {
      return id;
    }
    id = inode.next_in_bucket;
  }
  return 0;
}

void InodeTable::Link(Shard& shard, uint64_t hash, uint64_t id, bool may_cool) {
  if (shard.inodes == shard.buckets.size()) {
    Grow(shard);
  }
  KnownInode& inode = slab_.At(id);
  inode.next_in_bucket = std::exchange(BucketOf(shard, hash), id);
  ++shard.inodes;
  if (may_cool) {
    AppendHot(shard, id);
  }
}

void InodeTable::Unlink(Shard& shard, uint64_t id) {
  KnownInode& inode = slab_.At(id);
  uint64_t* place = &BucketOf(shard, Hash(inode.key));
  while (*place != id) {
    place = &slab_.At(*place).next_in_bucket;
  }
  *place = inode.next_in_bucket;
  --shard.inodes;
}

void InodeTable::Grow(Shard& shard) {
  const std::vector<uint64_t> old =
      std::exchange(shard.buckets, std::vector<uint64_t>(shard.buckets.size() * 2));
  for (uint64_t id : old) {
    while (id != 0) {
      KnownInode& inode = slab_.At(id);
      const uint64_t next = inode.next_in_bucket;
      inode.next_in_bucket = std::exchange(BucketOf(shard, Hash(inode.key)), id);
      id = next;
    }
  }
}

void InodeTable::AddRoot(const InodeKey& key, UniqueFd fd, const Mount& mount) {
  const uint64_t hash = Hash(key);
  Shard& shard = ShardOf(hash);
  const std::scoped_lock lock(shard.lock);
  const auto id = slab_.Insert({.key = key,
                                .fd = HotFd(std::move(fd)),
                                .type = S_IFDIR,
                                .traits = mount.traits,
                                .mount = &mount});
  Link(shard, hash, *id, false);
}

InodeTable::Ref InodeTable::FindKnown(const InodeKey& key) {
  const uint64_t hash = Hash(key);
  Shard& shard = ShardOf(hash);
  const std::scoped_lock lock(shard.lock);
  return slab_.Find(FindInShard(shard, hash, key));
}

InodeTable::Known InodeTable::LookUpKnown(const InodeKey& key, uint64_t newest) {
  const uint64_t hash = Hash(key);
  Shard& shard = ShardOf(hash);
  const std::scoped_lock lock(shard.lock);
  const uint64_t id = FindInShard(shard, hash, key);
  if (id == 0) {
    return {};
  }
  KnownInode& inode = slab_.At(id);
  if (inode.born > newest) {
    return {};
  }
  ++inode.nlookup;
  if (inode.fd.get() < 0) {
    return {NodeId{id}, slab_.Find(id)};
  }
  // Hot: it exists, and so had its key when that was asked for. To say this takes no reference,
  // which would be most of what finding it costs.
  slab_.Touch(id);
  return {NodeId{id}, {}};
}

Result<std::optional<NodeId>> InodeTable::Add(KnownInode& inode) {
  const uint64_t hash = Hash(inode.key);
  Shard& shard = ShardOf(hash);
  const std::scoped_lock lock(shard.lock);
  if (FindInShard(shard, hash, inode.key) != 0) {
    return std::optional<NodeId>();
  }
  if (inode.fd.get() < 0) {
    has_been_cold_.store(true, std::memory_order_relaxed);
  }
  inode.born = newest_.fetch_add(1, std::memory_order_acq_rel) + 1;
  // Asked before it is listed: from then on, others may change its share.
  const bool may_cool = inode.share && inode.mount->HasHandles();
  const auto id = slab_.Insert(std::move(inode));
  if (!id) {
    return Errno(ENFILE);
  }
  Link(shard, hash, *id, may_cool);
  count_.fetch_add(1, std::memory_order_relaxed);
  return std::optional(NodeId{*id});
}

void InodeTable::SetReplaced(const Ref& inode) {
  Shard& shard = ShardOf(Hash(inode->key));
  const std::scoped_lock lock(shard.lock);
  inode->replaced = true;
}

void InodeTable::Forget(NodeId node, uint64_t nlookup) {
  if (node == fuse::kRootNode) {
    return;
  }
  // Declared before the lock, so that the descriptor is closed after it is released.
  const Ref inode = Find(node);
  if (!inode) {
    return;
  }
  Shard& shard = ShardOf(Hash(inode->key));
  const std::scoped_lock lock(shard.lock);
  // A hostile guest may forget more than it has looked up, or from two queues at once.
  inode->nlookup -= std::min(nlookup, inode->nlookup);
  if (inode->nlookup == 0 && slab_.Unlist(inode)) {
    Unlink(shard, inode.id());
    count_.fetch_sub(1, std::memory_order_relaxed);
    CountForgotten(shard, *inode);
  }
}

void InodeTable::ForgetAll() {
  has_been_cold_.store(false, std::memory_order_relaxed);
  for (Shard& shard : shards_) {
    // Ends behind the lock's scope: closing descriptors takes time.
    std::vector<Ref> forgotten;
    const std::scoped_lock lock(shard.lock);
    for (uint64_t& bucket : shard.buckets) {
      uint64_t kept = 0;
      for (uint64_t id = bucket; id != 0;) {
        Ref inode = slab_.Find(id);
        const uint64_t next = inode->next_in_bucket;
        if (NodeId{id} == fuse::kRootNode) {
          inode->next_in_bucket = std::exchange(kept, id);
        } else {
          slab_.Unlist(inode);
          --shard.inodes;
          count_.fetch_sub(1, std::memory_order_relaxed);
          forgotten.push_back(std::move(inode));
        }
        id = next;
      }
      bucket = kept;
    }
    hot_.fetch_sub(shard.hot.size(), std::memory_order_relaxed);
    shard.hot.clear();
    shard.forgotten_hot = 0;
  }
}

}  // namespace vfsd::fs::passthrough
