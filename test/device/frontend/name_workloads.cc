// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <utility>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/** MKDIR, RMDIR, FORGET. */
class MakeDirectory : public Workload {
 public:
  MakeDirectory(const WorkloadParameters& p, Forget forget) : p_(p), forget_(std::move(forget)) {}

  void Fill(RequestSlot& slot) override {
    const std::string name = p_.name + "dir" + std::to_string(slot.index());
    if (slot.step == 0) {
      slot.Begin(FUSE_MKDIR, p_.node);
      slot.Argument(fuse_mkdir_in{.mode = 0750, .umask = 022});
      slot.Name(name);
      slot.End(0, sizeof(fuse_entry_out), 0);
    } else {
      slot.Begin(FUSE_RMDIR, p_.node);
      slot.Name(name);
      slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    if (slot.step == 0) {
      const auto entry = slot.Answer<fuse_entry_out>();
      Expect(error == 0 && length == sizeof entry, "MKDIR failed");
      Expect(entry.nodeid > FUSE_ROOT_ID && entry.attr.mode == (S_IFDIR | 0750),
             "MKDIR made no such directory");
      slot.node = entry.nodeid;
      return After::kNextStep;
    }
    Expect(error == 0, "RMDIR failed");
    forget_(slot.node);
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  const Forget forget_;
};

/** SYMLINK, READLINK, UNLINK, FORGET. */
class SymbolicLink : public Workload {
 public:
  SymbolicLink(const WorkloadParameters& p, Forget forget) : p_(p), forget_(std::move(forget)) {}

  void Fill(RequestSlot& slot) override {
    const std::string name = p_.name + "link" + std::to_string(slot.index());
    switch (slot.step) {
      case 0:
        slot.Begin(FUSE_SYMLINK, p_.node);
        slot.Name(name);
        slot.Name(kTarget);
        slot.End(0, sizeof(fuse_entry_out), 0);
        break;
      case 1:
        slot.Begin(FUSE_READLINK, slot.node);
        slot.End(0, 0, RequestSlot::kPage);
        break;
      default:
        slot.Begin(FUSE_UNLINK, p_.node);
        slot.Name(name);
        slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    switch (slot.step) {
      case 0: {
        const auto entry = slot.Answer<fuse_entry_out>();
        Expect(error == 0 && length == sizeof entry, "SYMLINK failed");
        Expect(S_ISLNK(entry.attr.mode) && entry.attr.size == kTarget.size(),
               "SYMLINK made no such link");
        slot.node = entry.nodeid;
        return After::kNextStep;
      }
      case 1:
        Expect(error == 0 && length == kTarget.size() &&
                   std::memcmp(slot.data(), kTarget.data(), kTarget.size()) == 0,
               "READLINK answered with another target");
        return After::kNextStep;
      default:
        Expect(error == 0, "UNLINK failed");
        forget_(slot.node);
        return After::kOperationDone;
    }
  }

 private:
  static constexpr std::string_view kTarget = "where/to/look";
  const WorkloadParameters p_;
  const Forget forget_;
};

/** RENAME there and back of a file of the slot's own, which the guest holds. */
class RenameThereAndBack : public Workload {
 public:
  explicit RenameThereAndBack(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    const std::string name = p_.name + std::to_string(slot.index());
    const std::string other = name + " renamed";
    slot.Begin(FUSE_RENAME, p_.node);
    slot.Argument(fuse_rename_in{p_.node});
    slot.Name(slot.step == 0 ? name : other);
    slot.Name(slot.step == 0 ? other : name);
    slot.End(0, 0, 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0 && length == 0, "RENAME failed");
    return slot.step == 0 ? After::kNextStep : After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
};

}  // namespace

std::unique_ptr<Workload> MakeNameWorkload(const WorkloadParameters& p,
                                           const Workload::Forget& forget) {
  if (p.kind == "mkdir") {
    return std::make_unique<MakeDirectory>(p, forget);
  }
  if (p.kind == "symlink") {
    return std::make_unique<SymbolicLink>(p, forget);
  }
  if (p.kind == "rename") {
    return std::make_unique<RenameThereAndBack>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
