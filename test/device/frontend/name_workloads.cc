// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

class GetAttr : public Workload {
 public:
  explicit GetAttr(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_GETATTR, p_.node);
    slot.Argument(fuse_getattr_in{});
    slot.End(0, sizeof(fuse_attr_out), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    const auto attr = slot.Answer<fuse_attr_out>().attr;
    Expect(error == 0 && length == sizeof(fuse_attr_out), "GETATTR failed");
    Expect(attr.ino == p_.inode && attr.size == p_.size, "GETATTR answered for another file");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
};

/** One name again and again; the guest holds the inode. */
class LookupKnown : public Workload {
 public:
  explicit LookupKnown(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_LOOKUP, FUSE_ROOT_ID);
    slot.Name(p_.name);
    slot.End(0, sizeof(fuse_entry_out), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0 && length == sizeof(fuse_entry_out), "LOOKUP failed");
    Expect(slot.Answer<fuse_entry_out>().nodeid == p_.node, "LOOKUP found another node");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
};

/** Names in a row, each forgotten at once: every LOOKUP meets an inode that the device does not
 * know. */
class LookupFirst : public Workload {
 public:
  LookupFirst(const WorkloadParameters& p, Forget forget) : p_(p), forget_(std::move(forget)) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_LOOKUP, p_.node);
    slot.Name("f" + std::to_string(next_++ % p_.size));
    slot.End(0, sizeof(fuse_entry_out), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0 && length == sizeof(fuse_entry_out), "LOOKUP failed");
    const auto entry = slot.Answer<fuse_entry_out>();
    if (Expect(entry.nodeid > FUSE_ROOT_ID && S_ISREG(entry.attr.mode), "LOOKUP found no file")) {
      forget_(entry.nodeid);
    }
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  const Forget forget_;
  uint64_t next_ = 0;
};

class LookupMissing : public Workload {
 public:
  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_LOOKUP, FUSE_ROOT_ID);
    slot.Name("no such name");
    slot.End(0, sizeof(fuse_entry_out), 0);
  }

  After Check(RequestSlot&, int error, uint64_t) override {
    Expect(error == -ENOENT, "LOOKUP of a missing name did not say ENOENT");
    return After::kOperationDone;
  }
};

/** CREATE, WRITE 4 KiB, RELEASE, UNLINK, FORGET: a small file's whole life. */
class CreateCycle : public Workload {
 public:
  CreateCycle(const WorkloadParameters& p, Forget forget) : p_(p), forget_(std::move(forget)) {}

  void Fill(RequestSlot& slot) override {
    const std::string name = "new" + std::to_string(slot.index());
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

}  // namespace

std::unique_ptr<Workload> MakeNameWorkload(const WorkloadParameters& p, Workload::Forget forget) {
  if (p.kind == "getattr") {
    return std::make_unique<GetAttr>(p);
  }
  if (p.kind == "lookup-known") {
    return std::make_unique<LookupKnown>(p);
  }
  if (p.kind == "lookup-first") {
    return std::make_unique<LookupFirst>(p, std::move(forget));
  }
  if (p.kind == "lookup-missing") {
    return std::make_unique<LookupMissing>();
  }
  if (p.kind == "create") {
    return std::make_unique<CreateCycle>(p, std::move(forget));
  }
  return nullptr;
}

}  // namespace vfsd::frontend
