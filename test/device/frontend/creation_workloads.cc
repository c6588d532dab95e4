// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/** CREATE, WRITE 4 KiB, RELEASE, UNLINK, FORGET: a small file's whole life. */
class CreateCycle : public Workload {
 public:
  CreateCycle(const WorkloadParameters& p, Forget forget) : p_(p), forget_(std::move(forget)) {}

  void Fill(RequestSlot& slot) override {
    const std::string name = p_.name + "new" + std::to_string(slot.index());
    switch (slot.step) {
      case 0:
        slot.Begin(FUSE_CREATE, p_.node);
        slot.By(p_.caller);
        slot.Argument(fuse_create_in{O_RDWR | O_CREAT | O_EXCL, S_IFREG | 0644, 022, 0});
        slot.Name(name);
        slot.End(0, sizeof(fuse_entry_out) + sizeof(fuse_open_out), 0);
        break;
      case 1:
        slot.Begin(FUSE_WRITE, slot.node);
        slot.Argument(fuse_write_in{.fh = slot.handle, .size = RequestSlot::kPage});
        slot.End(RequestSlot::kPage, sizeof(fuse_write_out), 0);
        break;
      case 2:
        slot.Begin(FUSE_RELEASE, slot.node);
        slot.Argument(fuse_release_in{.fh = slot.handle});
        slot.End(0, 0, 0);
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
        Expect(error == 0 && length == sizeof(fuse_entry_out) + sizeof(fuse_open_out),
               "CREATE failed");
        const auto entry = slot.Answer<fuse_entry_out>();
        Expect(entry.attr.size == 0 && S_ISREG(entry.attr.mode), "CREATE made no empty file");
        slot.node = entry.nodeid;
        slot.handle = slot.Answer<fuse_open_out>(sizeof(fuse_entry_out)).fh;
        return After::kNextStep;
      }
      case 1:
        Expect(error == 0 && slot.Answer<fuse_write_out>().size == RequestSlot::kPage,
               "WRITE failed");
        return After::kNextStep;
      case 2:
        Expect(error == 0, "RELEASE failed");
        return After::kNextStep;
      default:
        Expect(error == 0, "UNLINK failed");
        forget_(slot.node);
        return After::kOperationDone;
    }
  }

 private:
  const WorkloadParameters p_;
  const Forget forget_;
};

/** CREATE and RELEASE of empty files that stay: `size` of them in each of the directories `nodes`,
 * one after the other. */
class CreateStorm : public Workload {
 public:
  explicit CreateStorm(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    if (slot.step == 0) {
      slot.Begin(FUSE_CREATE, p_.nodes[made_ / p_.size]);
      slot.Argument(fuse_create_in{O_RDWR | O_CREAT | O_EXCL, S_IFREG | 0644, 022, 0});
      slot.Name(p_.name + std::to_string(made_++ % p_.size));
      slot.End(0, sizeof(fuse_entry_out) + sizeof(fuse_open_out), 0);
    } else {
      slot.Begin(FUSE_RELEASE, slot.node);
      slot.Argument(fuse_release_in{.fh = slot.handle});
      slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    if (slot.step == 0) {
      Expect(error == 0 && length == sizeof(fuse_entry_out) + sizeof(fuse_open_out),
             "CREATE failed");
      slot.node = slot.Answer<fuse_entry_out>().nodeid;
      slot.handle = slot.Answer<fuse_open_out>(sizeof(fuse_entry_out)).fh;
      return After::kNextStep;
    }
    Expect(error == 0, "RELEASE failed");
    return After::kOperationDone;
  }

  bool IsUsedUp() const override { return made_ == p_.nodes.size() * p_.size; }

 private:
  const WorkloadParameters p_;
  uint64_t made_ = 0;
};

}  // namespace

std::unique_ptr<Workload> MakeCreationWorkload(const WorkloadParameters& p,
                                               const Workload::Forget& forget) {
  if (p.kind == "create") {
    return std::make_unique<CreateCycle>(p, forget);
  }
  if (p.kind == "storm" && p.size > 0) {
    return std::make_unique<CreateStorm>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
