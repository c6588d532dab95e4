// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

constexpr uint64_t kPage = RequestSlot::kPage;

/** A page of a benchmark's file holds its own number, first and last. */
void StampPages(RequestSlot& slot, uint64_t offset, uint64_t length) {
  for (uint64_t done = 0; done < length; done += kPage) {
    const uint64_t page = (offset + done) / kPage;
    std::byte* const data = slot.Page(done / kPage);
    std::memcpy(data, &page, sizeof page);
    std::memcpy(data + kPage - sizeof page, &page, sizeof page);
  }
}

bool PagesStamped(RequestSlot& slot, uint64_t offset, uint64_t length) {
  for (uint64_t done = 0; done < length; done += kPage) {
    const uint64_t page = (offset + done) / kPage;
    const std::byte* const data = slot.Page(done / kPage);
    if (std::memcmp(data, &page, sizeof page) != 0 ||
        std::memcmp(data + kPage - sizeof page, &page, sizeof page) != 0) {
      return false;
    }
  }
  return true;
}

/** Where the next block of a file is: one after the other, or anywhere. */
class Blocks {
 public:
  Blocks(const WorkloadParameters& p, bool random) : p_(p), random_(random) {}

  uint64_t Next() {
    const uint64_t blocks = p_.size / p_.block;
    if (random_) {
      // xorshift64: the same places in every run.
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
    } else {
      ++state_;
    }
    return state_ % blocks * p_.block;
  }

 private:
  const WorkloadParameters p_;
  const bool random_;
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

class ReadBlocks : public Workload {
 public:
  ReadBlocks(const WorkloadParameters& p, bool random) : p_(p), blocks_(p, random) {}

  void Fill(RequestSlot& slot) override {
    slot.offset = blocks_.Next();
    // The same slot has held another block before: an answer that was not written shows.
    StampPages(slot, ~slot.offset, p_.block);
    slot.Begin(FUSE_READ, p_.node);
    slot.Argument(fuse_read_in{
        .fh = p_.handle, .offset = slot.offset, .size = static_cast<uint32_t>(p_.block)});
    slot.End(0, 0, p_.block);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0 && length == p_.block, "READ failed or was short");
    Expect(PagesStamped(slot, slot.offset, p_.block), "READ answered with wrong data");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  Blocks blocks_;
};

class WriteBlocks : public Workload {
 public:
  WriteBlocks(const WorkloadParameters& p, bool random) : p_(p), blocks_(p, random) {}

  void Fill(RequestSlot& slot) override {
    const uint64_t offset = blocks_.Next();
    StampPages(slot, offset, p_.block);
    slot.Begin(FUSE_WRITE, p_.node);
    slot.Argument(
        fuse_write_in{.fh = p_.handle, .offset = offset, .size = static_cast<uint32_t>(p_.block)});
    slot.End(p_.block, sizeof(fuse_write_out), 0);
  }

  After Check(RequestSlot& slot, int error, uint64_t) override {
    Expect(error == 0 && slot.Answer<fuse_write_out>().size == p_.block,
           "WRITE failed or was short");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  Blocks blocks_;
};

/** WRITE of a block and FSYNC in turn, one after the other: a neighbour that waits for the disk. */
class WriteAndSync : public Workload {
 public:
  explicit WriteAndSync(const WorkloadParameters& p) : p_(p), blocks_(p, false) {}

  void Fill(RequestSlot& slot) override {
    if (slot.step == 0) {
      const uint64_t offset = blocks_.Next();
      StampPages(slot, offset, p_.block);
      slot.Begin(FUSE_WRITE, p_.node);
      slot.Argument(fuse_write_in{
          .fh = p_.handle, .offset = offset, .size = static_cast<uint32_t>(p_.block)});
      slot.End(p_.block, sizeof(fuse_write_out), 0);
    } else {
      slot.Begin(FUSE_FSYNC, p_.node);
      slot.Argument(fuse_fsync_in{.fh = p_.handle});
      slot.End(0, 0, 0);
    }
  }

  After Check(RequestSlot& slot, int error, uint64_t) override {
    if (slot.step == 0) {
      Expect(error == 0 && slot.Answer<fuse_write_out>().size == p_.block,
             "WRITE failed or was short");
      return After::kNextStep;
    }
    Expect(error == 0, "FSYNC failed");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  Blocks blocks_;
};

/** READs whose data nobody knows, as of another machine's file system. */
class ReadUnknown : public Workload {
 public:
  explicit ReadUnknown(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    slot.Begin(FUSE_READ, p_.node);
    slot.Argument(fuse_read_in{.fh = p_.handle, .size = static_cast<uint32_t>(p_.block)});
    slot.End(0, 0, p_.block);
  }

  After Check(RequestSlot&, int error, uint64_t length) override {
    Expect(error == 0 && length == p_.block, "READ of the slow file failed or was short");
    return After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
};

}  // namespace

std::unique_ptr<Workload> MakeDataWorkload(const WorkloadParameters& p) {
  if (p.kind == "read-random" || p.kind == "read-sequential") {
    return std::make_unique<ReadBlocks>(p, p.kind == "read-random");
  }
  if (p.kind == "write-random" || p.kind == "write-sequential") {
    return std::make_unique<WriteBlocks>(p, p.kind == "write-random");
  }
  if (p.kind == "write-and-sync") {
    return std::make_unique<WriteAndSync>(p);
  }
  if (p.kind == "read-unknown") {
    return std::make_unique<ReadUnknown>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
