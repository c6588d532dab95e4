// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "abi/fuse.h"
#include "memory/segments.h"

namespace vfsd::fuse {

/** Changes entries on their way to the guest. */
class EntryChange {
 public:
  /** Whether there is such an entry for the guest. */
  virtual bool Shows(std::string_view /*name*/) const { return true; }
  /** DT_… of an entry that is listed by its name alone. */
  virtual uint32_t TypeOf(uint32_t type) const { return type; }
  /** A nodeid of 0 afterwards: the entry is listed by its name alone. */
  virtual void Apply(std::string_view name, abi::fuse_entry_out& entry) const = 0;

 protected:
  ~EntryChange() = default;
};

/**
 * Writes directory entries into a reply, with or without attributes. An entry is written whole or
 * not at all.
 */
class DirentWriter {
  /** The nearest to the host first. */
  auto Changes() const { return std::span(changes_).last(change_count_); }

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

  /** Has `change` applied to every entry from now on, before those that were given earlier: what is
   * nearer to the host is given later. It must outlive this. Three at most. */
  void ChangeEntries(const EntryChange& change) {
    changes_[changes_.size() - ++change_count_] = &change;
  }

  /** Whether the guest is to see an entry of this name. To be asked before anything else is done
   * about it. */
  bool Shows(std::string_view name) const {
    return std::ranges::all_of(Changes(), [&](const auto* change) { return change->Shows(name); });
  }

  /** Whether an entry of this name still fits. To be asked before the entry's inode is looked up.
   */
  bool Fits(std::string_view name) const { return Length(name) <= room_; }

  /** Precondition: !plus() and Fits(). */
  void Add(const Entry& entry) {
    Begin(entry);
    PutDirent(entry, TypeOf(entry));
  }

  /** Precondition: plus() and Fits(). A nodeid of 0 gives the name alone. */
  void AddPlus(const Entry& entry, const abi::fuse_entry_out& attributes) {
    Begin(entry);
    if (change_count_ == 0) {
      Put(&attributes, sizeof attributes);
      PutDirent(entry, entry.type);
      return;
    }
    abi::fuse_entry_out changed = attributes;
    for (const EntryChange* change : Changes()) {
      if (changed.nodeid != 0) {
        change->Apply(entry.name, changed);
      }
    }
    Put(&changed, sizeof changed);
    // As IFTODT has it.
    PutDirent(entry, changed.nodeid == 0 ? TypeOf(entry) : changed.attr.mode >> 12 & 017);
  }

 private:
  uint32_t TypeOf(const Entry& entry) const {
    uint32_t type = entry.type;
    for (const EntryChange* change : Changes()) {
      type = change->TypeOf(type);
    }
    return type;
  }

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

  void PutDirent(const Entry& entry, uint32_t type) {
    static constexpr char kZeros[abi::kDirentAlignment] = {};
    const abi::fuse_dirent dirent = {entry.ino, entry.next_offset,
                                     static_cast<uint32_t>(entry.name.size()), type};
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
  std::array<const EntryChange*, 3> changes_;
  size_t change_count_ = 0;
};

}  // namespace vfsd::fuse
