// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/lookup_foresight.h"
#include "fs/passthrough/mount_traits.h"
#include "fs/passthrough/mounts.h"
#include "fs/slab.h"
#include "fuse/types.h"

namespace vfsd::fs::passthrough {

/** A regular file that the guest has open. */
struct OpenFile {
  fuse::NodeId node;
  UniqueFd fd;
  MountTraits traits;
  FdBudget::Share share;
  /** What the guest has opened it for: O_RDONLY, O_WRONLY or O_RDWR. */
  int access = 0;
  /** A write is complete only when the disk has it, or a server. */
  bool writes_wait = false;
};

/** A directory that the guest has open, and how far it has been listed. */
struct OpenDirectory {
  /** What getdents64 has returned and the guest has not been given yet. */
  struct Listing {
    Listing() = default;
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;
    ~Listing() { End(); }

    /** Gives the buffer back. */
    void End() {
      if (entries != nullptr) {
        entries.reset();
        held->fetch_sub(1, std::memory_order_relaxed);
      }
      next = end = 0;
    }

    std::mutex lock;
    /** There only in the middle of a listing, and counted in `held` for as long. */
    std::unique_ptr<std::byte[]> entries;
    std::atomic<int>* held = nullptr;
    size_t next = 0;
    size_t end = 0;
    /** The d_off behind the entry that was given last: where `next` stands. */
    uint64_t offset = 0;
    LookupForesight foresight;
  };

  fuse::NodeId node;
  UniqueFd fd;
  const Mount* mount;
  FdBudget::Share share;
  std::unique_ptr<Listing> listing = std::make_unique<Listing>();
};

/**
 * fh → open file or directory. A handle is only good together with the nodeid that it was opened
 * for, and a directory's is never good for a file.
 */
template <typename T>
class OpenTable {
 public:
  using Ref = typename Slab<T>::Ref;

  /** @param tag sets the numbers of this table apart from those of the other */
  explicit OpenTable(uint64_t tag) : tag_(tag) {}

  std::optional<fuse::FileHandle> Insert(T&& object) {
    const auto id = slab_.Insert(std::move(object));
    if (id) {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
    return id ? std::optional(fuse::FileHandle{*id ^ tag_}) : std::nullopt;
  }

  /** EBADF when there is no such handle, or it belongs to another node. */
  Result<Ref> Find(fuse::NodeId node, fuse::FileHandle handle) {
    Ref object = slab_.Find(static_cast<uint64_t>(handle) ^ tag_);
    if (!object || object->node != node) {
      return Errno(EBADF);
    }
    return object;
  }

  /** Closes it when the last request that works with it has ended. */
  Status Close(fuse::NodeId node, fuse::FileHandle handle) {
    const Result<Ref> object = Find(node, handle);
    if (!object) {
      return object.error();
    }
    if (!slab_.Unlist(*object)) {
      return Errno(EBADF);
    }
    count_.fetch_sub(1, std::memory_order_relaxed);
    return {};
  }

  void CloseAll() {
    slab_.UnlistAll([](const T&) { return true; });
    count_.store(0, std::memory_order_relaxed);
  }

  /** How many are open. */
  uint64_t Count() const { return count_.load(std::memory_order_relaxed); }

 private:
  const uint64_t tag_;
  Slab<T> slab_;
  std::atomic<uint64_t> count_ = 0;
};

}  // namespace vfsd::fs::passthrough
