// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/inode_table.h"

namespace vfsd::fs::passthrough {
namespace {

// Of one call: enough that the next does not follow at once, few enough that a request does not
// wait long.
constexpr size_t kWantedCold = 16;

}  // namespace

void InodeTable::AppendHot(Shard& shard, uint64_t id) {
  shard.hot.push_back(id);
  hot_.fetch_add(1, std::memory_order_relaxed);
}

void InodeTable::CountForgotten(Shard& shard, const KnownInode& inode) {
  if (inode.fd.get() < 0 || !inode.mount->HasHandles()) {
    return;
  }
  if (++shard.forgotten_hot > shard.hot.size() / 2 + 16) {
    const size_t before = shard.hot.size();
    std::erase_if(shard.hot, [this](uint64_t id) { return !slab_.Lists(id); });
    hot_.fetch_sub(before - shard.hot.size(), std::memory_order_relaxed);
    shard.forgotten_hot = 0;
  }
}

bool InodeTable::MakeHot(const Ref& inode, UniqueFd& fd, FdBudget::Share& share) {
  if (!inode->fd.Set(fd)) {
    return false;
  }
  inode->share = std::move(share);
  Shard& shard = ShardOf(Hash(inode->key));
  const std::scoped_lock lock(shard.lock);
  // Forgotten meanwhile: it ends with the last reference.
  if (slab_.Lists(inode.id())) {
    AppendHot(shard, inode.id());
  }
  return true;
}

std::vector<InodeTable::Ref> InodeTable::TakeIdle(Shard& shard, size_t& most_asked, size_t count) {
  std::vector<Ref> idle;
  const std::scoped_lock lock(shard.lock);
  for (size_t left = shard.hot.size(); left > 0 && most_asked > 0 && idle.size() < count; --left) {
    --most_asked;
    const uint64_t id = shard.hot.front();
    shard.hot.pop_front();
    Ref inode = slab_.FindIdle(id);
    if (!inode && slab_.Lists(id)) {
      shard.hot.push_back(id);
      continue;
    }
    hot_.fetch_sub(1, std::memory_order_relaxed);
    if (inode) {
      idle.push_back(std::move(inode));
    }
  }
  return idle;
}

InodeTable::Cooling InodeTable::MakeCold(const Ref& idle) {
  HostFileHandle handle;
  if (!idle->handle) {
    Result<HostFileHandle> own = HostFileHandle::Of(idle->fd.get(), "");
    if (!own) {
      return own.error() == Errno(EOPNOTSUPP) ? Cooling::kNever : Cooling::kNotNow;
    }
    handle = std::move(*own);
  }
  // What the file system knows by itself: a server is not asked.
  struct statx attributes;
  const auto asked = Retry([&] {
    return statx(idle->fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK, &attributes);
  });
  if (!asked) {
    return Cooling::kNotNow;
  }
  if (attributes.stx_nlink == 0) {
    return Cooling::kNever;
  }
  has_been_cold_.store(true, std::memory_order_relaxed);
  // Both end after the change, which others wait for.
  UniqueFd fd;
  FdBudget::Share share;
  const bool done = slab_.ChangeAlone(idle, [&](KnownInode& inode) {
    if (handle) {
      inode.handle = std::move(handle);
    }
    share = std::move(inode.share);
    fd = inode.fd.Remove();
  });
  return done ? Cooling::kDone : Cooling::kNotNow;
}

bool InodeTable::MakeSomeCold(size_t most_asked) {
  size_t cold = 0;
  // Twice around: the first time may only find out who was in use.
  most_asked = std::min(most_asked, 2 * hot_.load(std::memory_order_relaxed));
  for (size_t shards = 2 * kShards; shards > 0 && most_asked > 0 && cold < kWantedCold; --shards) {
    Shard& shard = shards_[next_shard_.fetch_add(1, std::memory_order_relaxed) % kShards];
    for (const Ref& idle : TakeIdle(shard, most_asked, kWantedCold - cold)) {
      const Cooling cooling = MakeCold(idle);
      cold += cooling == Cooling::kDone ? 1 : 0;
      if (cooling == Cooling::kNotNow) {
        const std::scoped_lock lock(shard.lock);
        if (slab_.Lists(idle.id())) {
          AppendHot(shard, idle.id());
        }
      }
    }
  }
  return cold > 0;
}

}  // namespace vfsd::fs::passthrough
