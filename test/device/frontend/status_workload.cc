// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/**
 * What Linux asks for while `git status` goes through a tree that it knows, once what it was told
 * of names has expired. A directory d0, d1 … is an operation: LOOKUP of it, LOOKUP of each of its
 * `block` files, GETATTR of the directory, LOOKUP of a .gitignore that is not there, OPENDIR,
 * READDIRPLUS to the end, RELEASEDIR, and OPEN, READ and RELEASE of one file.
 */
class Status : public Workload {
 public:
  explicit Status(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    Directory& at = directories_[slot.index()];
    if (slot.step == 0) {
      at = {.number = next_++ % p_.size};
    }
    switch (at.stage) {
      case Stage::kFindDirectory:
        return FillLookup(slot, p_.node, "d" + std::to_string(at.number));
      case Stage::kFindFile:
        return FillLookup(slot, at.node, "f" + std::to_string(at.files));
      case Stage::kFindIgnore:
        return FillLookup(slot, at.node, ".gitignore");
      case Stage::kAttributes:
        slot.Begin(FUSE_GETATTR, at.node);
        slot.Argument(fuse_getattr_in{});
        return slot.End(0, sizeof(fuse_attr_out), 0);
      case Stage::kOpenDirectory:
      case Stage::kOpenFile:
        slot.Begin(at.stage == Stage::kOpenFile ? FUSE_OPEN : FUSE_OPENDIR, NodeOf(slot, at));
        slot.Argument(fuse_open_in{});
        return slot.End(0, sizeof(fuse_open_out), 0);
      case Stage::kList:
      case Stage::kRead:
        slot.Begin(at.stage == Stage::kRead ? FUSE_READ : FUSE_READDIRPLUS, NodeOf(slot, at));
        slot.Argument(
            fuse_read_in{.fh = slot.handle, .offset = slot.offset, .size = RequestSlot::kPage});
        return slot.End(0, 0, RequestSlot::kPage);
      case Stage::kCloseDirectory:
      case Stage::kCloseFile:
        slot.Begin(at.stage == Stage::kCloseFile ? FUSE_RELEASE : FUSE_RELEASEDIR,
                   NodeOf(slot, at));
        slot.Argument(fuse_release_in{.fh = slot.handle});
        return slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Directory& at = directories_[slot.index()];
    if (!Expect(error == (at.stage == Stage::kFindIgnore ? -ENOENT : 0),
                "a request of the tour ended otherwise than it should")) {
      return After::kOperationDone;
    }
    switch (at.stage) {
      case Stage::kFindDirectory:
        at.node = slot.Answer<fuse_entry_out>().nodeid;
        return Go(at, Stage::kFindFile);
      case Stage::kFindFile: {
        const auto entry = slot.Answer<fuse_entry_out>();
        Expect(S_ISREG(entry.attr.mode) && entry.attr.size == kContent.size(),
               "LOOKUP found another file");
        slot.node = entry.nodeid;
        return Go(at, ++at.files < p_.block ? Stage::kFindFile : Stage::kAttributes);
      }
      case Stage::kAttributes:
        Expect(S_ISDIR(slot.Answer<fuse_attr_out>().attr.mode), "GETATTR of no directory");
        return Go(at, Stage::kFindIgnore);
      case Stage::kFindIgnore:
        slot.offset = 0;
        return Go(at, Stage::kOpenDirectory);
      case Stage::kOpenDirectory:
        slot.handle = slot.Answer<fuse_open_out>().fh;
        return Go(at, Stage::kList);
      case Stage::kList:
        Count(slot, at, length);
        return Go(at, length == 0 ? Stage::kCloseDirectory : Stage::kList);
      case Stage::kCloseDirectory:
        Expect(at.names == p_.block, "a listing lost or added names");
        return Go(at, Stage::kOpenFile);
      case Stage::kOpenFile:
        slot.handle = slot.Answer<fuse_open_out>().fh;
        slot.offset = 0;
        return Go(at, Stage::kRead);
      case Stage::kRead:
        Expect(length == kContent.size() &&
                   std::memcmp(slot.data(), kContent.data(), kContent.size()) == 0,
               "READ answered with other content");
        return Go(at, Stage::kCloseFile);
      case Stage::kCloseFile:
        return After::kOperationDone;
    }
    return After::kOperationDone;
  }

 private:
  /** What is in each of the files. */
  static constexpr std::string_view kContent = "content";

  enum class Stage : uint8_t {
    kFindDirectory,
    kFindFile,
    kAttributes,
    kFindIgnore,
    kOpenDirectory,
    kList,
    kCloseDirectory,
    kOpenFile,
    kRead,
    kCloseFile
  };
  struct Directory {
    Stage stage = Stage::kFindDirectory;
    uint64_t number = 0;
    uint64_t node = 0;
    uint64_t files = 0;
    uint64_t names = 0;
  };

  static After Go(Directory& at, Stage stage) {
    at.stage = stage;
    return After::kNextStep;
  }
  static uint64_t NodeOf(const RequestSlot& slot, const Directory& at) {
    return at.stage >= Stage::kOpenFile ? slot.node : at.node;
  }
  static void FillLookup(RequestSlot& slot, uint64_t parent, std::string_view name) {
    slot.Begin(FUSE_LOOKUP, parent);
    slot.Name(name);
    slot.End(0, sizeof(fuse_entry_out), 0);
  }

  void Count(RequestSlot& slot, Directory& directory, uint64_t length) {
    for (uint64_t at = 0; at + sizeof(fuse_direntplus) <= length;) {
      fuse_direntplus entry;
      std::memcpy(&entry, slot.data() + at, sizeof entry);
      const bool named = slot.data()[at + sizeof entry] != std::byte{'.'};
      at += (sizeof entry + entry.dirent.namelen + 7) / 8 * 8;
      slot.offset = entry.dirent.off;
      if (named) {
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

std::unique_ptr<Workload> MakeStatusWorkload(const WorkloadParameters& p) {
  return p.kind == "git-status" && p.size > 0 ? std::make_unique<Status>(p) : nullptr;
}

}  // namespace vfsd::frontend
