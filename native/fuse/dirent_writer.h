// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "abi/fuse.h"
#include "memory/segments.h"

namespace vfsd::fuse {

/** Changes entries on their way to the guest. */
class EntryChange {
 public:
  virtual void Apply(abi::fuse_entry_out& entry) const = 0;

 protected:
  ~EntryChange() = default;
};

/**
 * Writes directory entries into a reply, with or without attributes. An entry is written whole or
 * not at all.
 */
class DirentWriter {
 public:
  struct Entry {
    std::string_view name;
    uint64_t ino;
    /** The position behind this entry: where a later READDIR goes on. */
    uint64_t next_offset;
    /** DT_… */
    uint32_t type;
  };

  DirentWriter(memory::SegmentCursor& out, uint32_t size, bool plus)
      : out_(out), room_(std::min<uint64_t>(size, out.remaining())), plus_(plus) {}

  bool plus() const { return plus_; }

  /** Has `change` applied to the attributes of every entry from now on. It must outlive this. To be
   * called once at most. */
  void ChangeEntries(const EntryChange& change) { change_ = &change; }

  /** Whether an entry of this name still fits. To be asked before the entry's inode is looked up.
   */
  bool Fits(std::string_view name) const { return Length(name) <= room_; }

  /** Precondition: !plus() and Fits(). */
  void Add(const Entry& entry) {
    Begin(entry);
    PutDirent(entry);
  }

  /** Precondition: plus() and Fits(). A nodeid of 0 gives the name alone. */
  void AddPlus(const Entry& entry, const abi::fuse_entry_out& attributes) {
    Begin(entry);
    if (change_ != nullptr && attributes.nodeid != 0) {
      abi::fuse_entry_out changed = attributes;
      change_->Apply(changed);
      Put(&changed, sizeof changed);
    } else {
      Put(&attributes, sizeof attributes);
    }
    PutDirent(entry);
  }

 private:
  static size_t Padded(size_t length) {
    return (length + abi::kDirentAlignment - 1) / abi::kDirentAlignment * abi::kDirentAlignment;
  }

  size_t Length(std::string_view name) const {
    return (plus_ ? sizeof(abi::fuse_entry_out) : 0) +
           Padded(sizeof(abi::fuse_dirent) + name.size());
  }

  void Begin(const Entry& entry) {
    const size_t length = Length(entry.name);
    whole_ = out_.TakeWhole(length);
    room_ -= length;
  }

  void Put(const void* bytes, size_t length) {
    if (whole_ == nullptr) {
      out_.Write(bytes, length);
      return;
    }
    std::memcpy(whole_, bytes, length);
    whole_ += length;
  }

  void PutDirent(const Entry& entry) {
    static constexpr char kZeros[abi::kDirentAlignment] = {};
    const abi::fuse_dirent dirent = {entry.ino, entry.next_offset,
                                     static_cast<uint32_t>(entry.name.size()), entry.type};
    const size_t bare = sizeof dirent + entry.name.size();
    Put(&dirent, sizeof dirent);
    Put(entry.name.data(), entry.name.size());
    Put(kZeros, Padded(bare) - bare);
  }

  memory::SegmentCursor& out_;
  uint64_t room_;
  /** Where the entry at hand goes on, if its room is in one piece, as it nearly always is. */
  std::byte* whole_ = nullptr;
  bool plus_;
  const EntryChange* change_ = nullptr;
};

}  // namespace vfsd::fuse
