// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

constexpr uint64_t kPage = RequestSlot::kPage;

/** A page of a benchmark's file holds its own number, first and last. */
void StampPages(std::byte* data, uint64_t offset, uint64_t length) {
  for (uint64_t done = 0; done < length; done += kPage) {
    const uint64_t page = (offset + done) / kPage;
    std::memcpy(data + done, &page, sizeof page);
    std::memcpy(data + done + kPage - sizeof page, &page, sizeof page);
  }
}

bool PagesStamped(const std::byte* data, uint64_t offset, uint64_t length) {
  for (uint64_t done = 0; done < length; done += kPage) {
    const uint64_t page = (offset + done) / kPage;
    if (std::memcmp(data + done, &page, sizeof page) != 0 ||
        std::memcmp(data + done + kPage - sizeof page, &page, sizeof page) != 0) {
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
    StampPages(slot.data(), ~slot.offset, p_.block);
    slot.Begin(FUSE_READ, p_.node);
    slot.Argument(fuse_read_in{
        .fh = p_.handle, .offset = slot.offset, .size = static_cast<uint32_t>(p_.block)});
    slot.End(0, 0, p_.block);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0 && length == p_.block, "READ failed or was short");
    Expect(PagesStamped(slot.data(), slot.offset, p_.block), "READ answered with wrong data");
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
    StampPages(slot.data(), offset, p_.block);
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

/** Lists a directory whose inodes the guest holds, page by page, over and over. One operation is
 * one whole listing. */
class ReadDirPlus : public Workload {
 public:
  explicit ReadDirPlus(const WorkloadParameters& p) : p_(p) {}

  void Fill(RequestSlot& slot) override {
    if (slot.step == 0) {
      slot.offset = 0;
      slot.node = 0;
    }
    slot.Begin(FUSE_READDIRPLUS, p_.node);
    slot.Argument(fuse_read_in{
        .fh = p_.handle, .offset = slot.offset, .size = static_cast<uint32_t>(p_.block)});
    slot.End(0, 0, p_.block);
  }

  After Check(RequestSlot& slot, int error, uint64_t length) override {
    Expect(error == 0, "READDIRPLUS failed");
    if (length == 0) {
      // slot.node counts the names, of which "." and ".." are two.
      Expect(slot.node == p_.size || slot.node == p_.size + 2, "READDIRPLUS lost or added names");
      return After::kOperationDone;
    }
    for (uint64_t at = 0; at + sizeof(fuse_direntplus) <= length;) {
      fuse_direntplus entry;
      std::memcpy(&entry, slot.data() + at, sizeof entry);
      at += (sizeof entry + entry.dirent.namelen + 7) / 8 * 8;
      Expect(at <= length && entry.dirent.namelen > 0, "READDIRPLUS answered with a bad entry");
      slot.offset = entry.dirent.off;
      ++slot.node;
    }
    return failure.empty() ? After::kNextStep : After::kOperationDone;
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
  if (p.kind == "readdirplus") {
    return std::make_unique<ReadDirPlus>(p);
  }
  return nullptr;
}

}  // namespace vfsd::frontend
