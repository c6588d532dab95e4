// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

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

/** FORGETs of `nodes`, each once, on whichever queue this runs. */
class ForgetAll : public Workload {
 public:
  explicit ForgetAll(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_FORGET, p_.nodes[next_++]);
    slot.Argument(fuse_forget_in{1});
    slot.EndWithoutReply();
  }

  After Check(RequestSlot&, int, uint64_t) override { return After::kOperationDone; }
  bool IsAnswered() const override { return false; }
  bool IsUsedUp() const override { return next_ == p_.nodes.size(); }

 private:
  const WorkloadParameters p_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Workload> MakeLookupWorkload(const WorkloadParameters& p,
                                             const Workload::Forget& forget) {
  if (p.kind == "lookup-known") {
    return std::make_unique<LookupKnown>(p);
  }
  if (p.kind == "lookup-first") {
    return std::make_unique<LookupFirst>(p, forget);
  }
  if (p.kind == "lookup-missing") {
    return std::make_unique<LookupMissing>();
  }
  if (p.kind == "forget") {
    return std::make_unique<ForgetAll>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
