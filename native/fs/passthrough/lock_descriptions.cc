// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/lock_descriptions.h"

#include <algorithm>

#include "fs/passthrough/host_lock.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::LockOwner;
using fuse::NodeId;

namespace {

/** False: too many are noted. */
bool NoteHandle(LockDescription& description, FileHandle handle) {
  if (std::ranges::find(description.handles, handle) != description.handles.end()) {
    return true;
  }
  if (description.handles.size() == LockDescription::kMostHandles) {
    return false;
  }
  description.handles.push_back(handle);
  return true;
}

}  // namespace

LockDescriptions::Ref LockDescriptions::Find(NodeId node, LockOwner owner) {
  const std::scoped_lock lock(lock_);
  const auto found = descriptions_.find({node, owner});
  return found == descriptions_.end() ? nullptr : found->second;
}

Result<LockDescriptions::Ref> LockDescriptions::Find(NodeId node, LockOwner owner,
                                                     FileHandle handle) {
  const std::scoped_lock lock(lock_);
  const auto found = descriptions_.find({node, owner});
  if (found == descriptions_.end()) {
    return Ref();
  }
  if (!NoteHandle(*found->second, handle)) {
    return Errno(ENOLCK);
  }
  return found->second;
}

Result<LockDescriptions::Ref> LockDescriptions::Add(NodeId node, LockOwner owner, FileHandle handle,
                                                    const Ref& description) {
  const std::scoped_lock lock(lock_);
  const auto [place, added] = descriptions_.try_emplace({node, owner}, description);
  if (!NoteHandle(*place->second, handle)) {
    return Errno(ENOLCK);
  }
  count_.store(descriptions_.size(), std::memory_order_relaxed);
  return place->second;
}

std::vector<LockDescriptions::Ref> LockDescriptions::OthersOf(NodeId node, LockOwner owner,
                                                              size_t limit) {
  std::vector<Ref> others;
  const std::scoped_lock lock(lock_);
  for (auto it = descriptions_.lower_bound({node, LockOwner{0}});
       it != descriptions_.end() && it->first.first == node && others.size() < limit; ++it) {
    if (it->first.second != owner) {
      others.push_back(it->second);
    }
  }
  return others;
}

void LockDescriptions::EndOwner(NodeId node, LockOwner owner) {
  if (empty()) {
    return;
  }
  const HostLock everything = {.kind = HostLock::Kind::kRange, .type = F_UNLCK};
  // Ends behind the lock's scope: closing takes time.
  Ref description;
  {
    const std::scoped_lock lock(lock_);
    const auto found = descriptions_.find({node, owner});
    if (found == descriptions_.end()) {
      return;
    }
    // References are only added under this lock.
    if (found->second.use_count() == 1) {
      // Before it is gone: whoever does not find it may say that the owner has no locks any more.
      static_cast<void>(found->second->Set(everything));
      description = std::move(found->second);
      descriptions_.erase(found);
      count_.store(descriptions_.size(), std::memory_order_relaxed);
      return;
    }
    description = found->second;
  }
  // Another thread of the process waits for a lock through it, which is to be kept once it is had.
  description->holds.store(false);
  static_cast<void>(description->Set(everything));
}

void LockDescriptions::EndHandle(NodeId node, FileHandle handle) {
  if (empty()) {
    return;
  }
  std::vector<Ref> ended;
  const std::scoped_lock lock(lock_);
  for (auto it = descriptions_.lower_bound({node, LockOwner{0}});
       it != descriptions_.end() && it->first.first == node;) {
    std::erase(it->second->handles, handle);
    if (it->second->handles.empty()) {
      ended.push_back(std::move(it->second));
      it = descriptions_.erase(it);
    } else {
      ++it;
    }
  }
  count_.store(descriptions_.size(), std::memory_order_relaxed);
}

void LockDescriptions::EndAll() {
  std::map<Key, Ref> ended;
  const std::scoped_lock lock(lock_);
  ended.swap(descriptions_);
  count_.store(0, std::memory_order_relaxed);
}

}  // namespace vfsd::fs::passthrough
