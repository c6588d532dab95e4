// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <map>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/**
 * What `find` makes of a tree: LOOKUP, OPENDIR, READDIRPLUS to the end and RELEASEDIR of the
 * directories d0, d1 …, each an operation and each once. Nothing is forgotten.
 */
class Walk : public Workload {
 public:
  explicit Walk(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    Directory& at = directories_[slot.index()];
    if (slot.step == 0) {
      at = {};
    }
    switch (at.stage) {
      case Stage::kLookup:
        slot.Begin(FUSE_LOOKUP, FUSE_ROOT_ID);
        slot.Name("d" + std::to_string(next_++));
        slot.End(0, sizeof(fuse_entry_out), 0);
        return;
      case Stage::kOpen:
        slot.Begin(FUSE_OPENDIR, slot.node);
        slot.Argument(fuse_open_in{});
        slot.End(0, sizeof(fuse_open_out), 0);
        return;
      case Stage::kList:
        slot.Begin(FUSE_READDIRPLUS, slot.node);
        slot.Argument(fuse_read_in{.fh = slot.handle, .offset = slot.offset, .size = kListingSize});
        slot.End(0, 0, kListingSize);
        return;
      case Stage::kClose:
        slot.Begin(FUSE_RELEASEDIR, slot.node);
        slot.Argument(fuse_release_in{.fh = slot.handle});
        slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Directory& at = directories_[slot.index()];
    if (!Expect(error == 0, "a walk's request failed")) {
      return After::kOperationDone;
    }
    switch (at.stage) {
      case Stage::kLookup:
        slot.node = slot.Answer<fuse_entry_out>().nodeid;
        slot.offset = 0;
        at.stage = Stage::kOpen;
        return After::kNextStep;
      case Stage::kOpen:
        slot.handle = slot.Answer<fuse_open_out>().fh;
        at.stage = Stage::kList;
        return After::kNextStep;
      case Stage::kList:
        Count(slot, at, length);
        at.stage = length == 0 ? Stage::kClose : Stage::kList;
        return After::kNextStep;
      case Stage::kClose:
        Expect(at.names == p_.block, "a listing lost or added names");
        return After::kOperationDone;
    }
    return After::kOperationDone;
  }

  bool IsUsedUp() const override { return next_ == p_.size; }

 private:
  static constexpr uint32_t kListingSize = 128 * 1024;

  enum class Stage : uint8_t { kLookup, kOpen, kList, kClose };
  struct Directory {
    Stage stage = Stage::kLookup;
    uint64_t names = 0;
  };

  void Count(RequestSlot& slot, Directory& directory, uint64_t length) {
    for (uint64_t at = 0; at + sizeof(fuse_direntplus) <= length;) {
      fuse_direntplus entry;
      std::memcpy(&entry, slot.data() + at, sizeof entry);
      const auto* const name = reinterpret_cast<const char*>(slot.data() + at + sizeof entry);
      at += (sizeof entry + entry.dirent.namelen + 7) / 8 * 8;
      slot.offset = entry.dirent.off;
      if (name[0] != '.') {
        Expect(entry.entry_out.nodeid != 0, "an entry came without its inode");
        ++directory.names;
      }
    }
  }

  const WorkloadParameters p_;
  uint64_t next_ = 0;
  std::map<uint16_t, Directory> directories_;
};

}  // namespace

std::unique_ptr<Workload> MakeWalkWorkload(const WorkloadParameters& p) {
  return p.kind == "walk" ? std::make_unique<Walk>(p) : nullptr;
}

}  // namespace vfsd::frontend
