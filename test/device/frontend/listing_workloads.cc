// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload.h"

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

/**
 * Lists a directory page by page, over and over. One operation is one whole listing. Whether the
 * inodes are known already is for whoever runs this to decide: what a listing looks up is kept.
 */
class ReadDirPlus : public Workload {
 public:
  ReadDirPlus(const WorkloadParameters& p, bool keeps) : p_(p), keeps_(keeps) {}

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
      const bool named = slot.data()[at + sizeof entry] != std::byte{'.'};
      if (named && Expect(entry.entry_out.nodeid != 0, "an entry came without its inode") &&
          keeps_) {
        kept.push_back(entry.entry_out.nodeid);
      }
      at += (sizeof entry + entry.dirent.namelen + 7) / 8 * 8;
      Expect(at <= length && entry.dirent.namelen > 0, "READDIRPLUS answered with a bad entry");
      slot.offset = entry.dirent.off;
      ++slot.node;
    }
    return failure.empty() ? After::kNextStep : After::kOperationDone;
  }

 private:
  const WorkloadParameters p_;
  const bool keeps_;
};

}  // namespace

std::unique_ptr<Workload> MakeListingWorkload(const WorkloadParameters& p) {
  if (p.kind == "readdirplus" || p.kind == "readdirplus-first") {
    return std::make_unique<ReadDirPlus>(p, p.kind == "readdirplus-first");
  }
  return nullptr;
}

}  // namespace vfsd::frontend
