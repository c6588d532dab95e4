// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/**
 * What Linux asks for while tar unpacks: LOOKUP of a name that is not there, CREATE, WRITE of one
 * to three pages, SETATTR of the times and of the mode, FLUSH unless the file system has said that
 * it needs none, RELEASE. A file is an operation; before each sixteenth its slot makes a directory
 * of its own (LOOKUP, MKDIR). All stays, and the nodes are kept.
 */
class Untar : public Workload {
 public:
  explicit Untar(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    State& at = states_[slot.index()];
    if (slot.step == 0) {
      at.stage = at.files % kFilesPerDirectory == 0 ? Stage::kFindDirectory : Stage::kFindFile;
      at.pages = 1 + at.files % 3;
    }
    switch (at.stage) {
      case Stage::kFindDirectory:
      case Stage::kFindFile:
        slot.Begin(FUSE_LOOKUP, Parent(at));
        slot.Name(NameOf(slot, at));
        return slot.End(0, sizeof(fuse_entry_out), 0);
      case Stage::kMakeDirectory:
        slot.Begin(FUSE_MKDIR, p_.node);
        slot.Argument(fuse_mkdir_in{.mode = 0755, .umask = 022});
        slot.Name(NameOf(slot, at));
        return slot.End(0, sizeof(fuse_entry_out), 0);
      case Stage::kCreate:
        slot.Begin(FUSE_CREATE, at.directory);
        slot.Argument(fuse_create_in{O_WRONLY | O_CREAT | O_EXCL, S_IFREG | 0600, 022, 0});
        slot.Name(NameOf(slot, at));
        return slot.End(0, sizeof(fuse_entry_out) + sizeof(fuse_open_out), 0);
      case Stage::kWrite:
        slot.Begin(FUSE_WRITE, slot.node);
        slot.Argument(fuse_write_in{.fh = slot.handle, .size = Bytes(at)});
        return slot.End(Bytes(at), sizeof(fuse_write_out), 0);
      case Stage::kSetTimes:
        slot.Begin(FUSE_SETATTR, slot.node);
        slot.Argument(
            fuse_setattr_in{.valid = FATTR_ATIME | FATTR_MTIME, .atime = kTime, .mtime = kTime});
        return slot.End(0, sizeof(fuse_attr_out), 0);
      case Stage::kSetMode:
        slot.Begin(FUSE_SETATTR, slot.node);
        slot.Argument(fuse_setattr_in{.valid = FATTR_MODE, .mode = kMode});
        return slot.End(0, sizeof(fuse_attr_out), 0);
      case Stage::kFlush:
        slot.Begin(FUSE_FLUSH, slot.node);
        slot.Argument(fuse_flush_in{.fh = slot.handle});
        return slot.End(0, 0, 0);
      case Stage::kRelease:
        slot.Begin(FUSE_RELEASE, slot.node);
        slot.Argument(fuse_release_in{.fh = slot.handle});
        return slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    State& at = states_[slot.index()];
    switch (at.stage) {
      case Stage::kFindDirectory:
      case Stage::kFindFile:
        Expect(error == -ENOENT, "LOOKUP of what is not unpacked yet did not say ENOENT");
        return Go(at, at.stage == Stage::kFindFile ? Stage::kCreate : Stage::kMakeDirectory);
      case Stage::kMakeDirectory: {
        const auto entry = slot.Answer<fuse_entry_out>();
        Expect(error == 0 && S_ISDIR(entry.attr.mode), "MKDIR made no directory");
        at.directory = entry.nodeid;
        kept.push_back(entry.nodeid);
        return Go(at, Stage::kFindFile);
      }
      case Stage::kCreate: {
        const auto entry = slot.Answer<fuse_entry_out>();
        const auto open = slot.Answer<fuse_open_out>(sizeof(fuse_entry_out));
        Expect(error == 0 && length == sizeof entry + sizeof open && S_ISREG(entry.attr.mode),
               "CREATE failed");
        slot.node = entry.nodeid;
        slot.handle = open.fh;
        at.flushes = (open.open_flags & FOPEN_NOFLUSH) == 0;
        kept.push_back(entry.nodeid);
        return Go(at, Stage::kWrite);
      }
      case Stage::kWrite:
        Expect(error == 0 && slot.Answer<fuse_write_out>().size == Bytes(at),
               "WRITE failed or was short");
        return Go(at, Stage::kSetTimes);
      case Stage::kSetTimes: {
        const auto attr = slot.Answer<fuse_attr_out>().attr;
        Expect(error == 0 && attr.mtime == kTime && attr.size == Bytes(at),
               "SETATTR of the times failed");
        return Go(at, Stage::kSetMode);
      }
      case Stage::kSetMode:
        Expect(error == 0 && slot.Answer<fuse_attr_out>().attr.mode == kMode,
               "SETATTR of the mode failed");
        return Go(at, at.flushes && flush_is_known_ ? Stage::kFlush : Stage::kRelease);
      case Stage::kFlush:
        Expect(error == 0 || error == -ENOSYS, "FLUSH failed");
        // Linux does not ask again.
        flush_is_known_ = error == 0;
        return Go(at, Stage::kRelease);
      case Stage::kRelease:
        Expect(error == 0, "RELEASE failed");
        ++at.files;
        return After::kOperationDone;
    }
    return After::kOperationDone;
  }

 private:
  static constexpr uint32_t kFilesPerDirectory = 16;
  static constexpr uint64_t kTime = 1'000'000'000;
  static constexpr uint32_t kMode = S_IFREG | 0640;

  enum class Stage : uint8_t {
    kFindDirectory,
    kMakeDirectory,
    kFindFile,
    kCreate,
    kWrite,
    kSetTimes,
    kSetMode,
    kFlush,
    kRelease
  };
  struct State {
    Stage stage = Stage::kFindDirectory;
    uint64_t directory = 0;
    uint32_t files = 0;
    uint32_t pages = 0;
    bool flushes = true;
  };

  static After Go(State& at, Stage stage) {
    at.stage = stage;
    return After::kNextStep;
  }
  static uint32_t Bytes(const State& at) {
    return at.pages * static_cast<uint32_t>(RequestSlot::kPage);
  }
  uint64_t Parent(const State& at) const {
    return at.stage == Stage::kFindDirectory ? p_.node : at.directory;
  }
  static std::string NameOf(const RequestSlot& slot, const State& at) {
    const bool directory = at.stage == Stage::kFindDirectory || at.stage == Stage::kMakeDirectory;
    return directory ? "directory " + std::to_string(slot.index()) + " " +
                           std::to_string(at.files / kFilesPerDirectory)
                     : "file " + std::to_string(at.files % kFilesPerDirectory);
  }

  const WorkloadParameters p_;
  std::map<uint16_t, State> states_;
  bool flush_is_known_ = true;
};

}  // namespace

std::unique_ptr<Workload> MakeUntarWorkload(const WorkloadParameters& p) {
  return p.kind == "untar" ? std::make_unique<Untar>(p) : nullptr;
}

}  // namespace vfsd::frontend
