// SPDX-License-Identifier: Apache-2.0
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

/** The mode of a file, or its times; each slot has a file of its own. */
class SetAttr : public Workload {
 public:
  SetAttr(const WorkloadParameters& p, bool times) : p_(p), times_(times) {}

  void Fill(RequestSlot& slot) override {
    // What was set last time is never what is set now.
    ++slot.offset;
    slot.Begin(FUSE_SETATTR, p_.nodes[slot.index() % p_.nodes.size()]);
    if (times_) {
      slot.Argument(fuse_setattr_in{.valid = FATTR_ATIME | FATTR_MTIME,
                                    .atime = Second(slot),
                                    .mtime = Second(slot),
                                    .atimensec = kNanosecond,
                                    .mtimensec = kNanosecond});
    } else {
      slot.Argument(fuse_setattr_in{.valid = FATTR_MODE, .mode = Mode(slot)});
    }
    slot.End(0, sizeof(fuse_attr_out), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    const auto attr = slot.Answer<fuse_attr_out>().attr;
    Expect(error == 0 && length == sizeof(fuse_attr_out), "SETATTR failed");
    if (times_) {
      Expect(attr.mtime == Second(slot) && attr.atime == Second(slot) &&
                 attr.mtimensec == kNanosecond && attr.atimensec == kNanosecond,
             "SETATTR answered with other times");
    } else {
      Expect(attr.mode == Mode(slot), "SETATTR answered with another mode");
    }
    return After::kOperationDone;
  }

 private:
  static constexpr uint32_t kNanosecond = 123'456'789;

  static uint64_t Second(const RequestSlot& slot) { return 1'000'000'000 + slot.offset % 1000; }
  static uint32_t Mode(const RequestSlot& slot) {
    return S_IFREG | 0600 | static_cast<uint32_t>(slot.offset % 0100);
  }

  const WorkloadParameters p_;
  const bool times_;
};

class StatFs : public Workload {
 public:
  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_STATFS, FUSE_ROOT_ID);
    slot.End(0, sizeof(fuse_kstatfs), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    const auto answer = slot.Answer<fuse_kstatfs>();
    Expect(error == 0 && length == sizeof answer, "STATFS failed");
    Expect(answer.blocks > 0 && answer.bsize > 0 && answer.namelen == 255,
           "STATFS answered for no file system");
    return After::kOperationDone;
  }
};

/** An attribute of which each byte of the value is `v`; `size` 0: one that the file does not have.
 */
class GetXattr : public Workload {
 public:
  explicit GetXattr(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_GETXATTR, p_.node);
    slot.Argument(fuse_getxattr_in{.size = kRoom});
    slot.Name(p_.name);
    slot.End(0, kRoom, 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    if (p_.size == 0) {
      Expect(error == -ENODATA, "GETXATTR of what is not there did not say ENODATA");
      return After::kOperationDone;
    }
    Expect(error == 0 && length == p_.size, "GETXATTR failed");
    for (uint64_t i = 0; i < p_.size; ++i) {
      Expect(slot.Answer<char>(i) == 'v', "GETXATTR answered with another value");
    }
    return After::kOperationDone;
  }

 private:
  static constexpr uint32_t kRoom = 256;
  const WorkloadParameters p_;
};

class OpenRelease : public Workload {
 public:
  explicit OpenRelease(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    if (slot.step == 0) {
      slot.Begin(FUSE_OPEN, p_.node);
      slot.Argument(fuse_open_in{});
      slot.End(0, sizeof(fuse_open_out), 0);
    } else {
      slot.Begin(FUSE_RELEASE, p_.node);
      slot.Argument(fuse_release_in{.fh = slot.handle});
      slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    if (slot.step == 0) {
      Expect(error == 0 && length == sizeof(fuse_open_out), "OPEN failed");
      slot.handle = slot.Answer<fuse_open_out>().fh;
      return After::kNextStep;
    }
    Expect(error == 0 && length == 0, "RELEASE failed");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
};

}  // namespace

std::unique_ptr<Workload> MakeAttributeWorkload(const WorkloadParameters& p) {
  if (p.kind == "getattr") {
    return std::make_unique<GetAttr>(p);
  }
  if (!p.nodes.empty() && (p.kind == "setattr-mode" || p.kind == "setattr-times")) {
    return std::make_unique<SetAttr>(p, p.kind == "setattr-times");
  }
  if (p.kind == "statfs") {
    return std::make_unique<StatFs>();
  }
  if (p.kind == "getxattr") {
    return std::make_unique<GetXattr>(p);
  }
  if (p.kind == "open") {
    return std::make_unique<OpenRelease>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
