// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "fs/forwarding.h"
#include "fuse/deferral.h"

namespace vfsd::fuzz {

/**
 * Makes sure that the decoder keeps what `FileSystem` promises of arguments, reads every byte that
 * it is given, and answers what the file system behind it has no answer for. So a sanitizer sees
 * what a file system would see.
 */
class WatchedFileSystem final : public fs::Forwarding {
 public:
  using Forwarding::Forwarding;

  /** Answers what waits for locks. */
  void GiveAnswers() { waiting_.clear(); }

  void EndUnwantedWaits() override { GiveAnswers(); }
  Result<abi::fuse_entry_out> Lookup(RequestContext&, NodeId, const Name&) override;
  Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId, const abi::fuse_setattr_in&) override;
  Result<size_t> ReadLink(RequestContext&, NodeId, std::span<char> target) override;
  Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                    uint32_t device) override;
  Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&,
                                    const NewObject&) override;
  Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&, const char* target,
                                      const NewObject&) override;
  Result<abi::fuse_entry_out> Link(RequestContext&, NodeId, NodeId parent, const Name&) override;
  Status Unlink(RequestContext&, NodeId, const Name&) override;
  Status RmDir(RequestContext&, NodeId, const Name&) override;
  Status Rename(RequestContext&, NodeId, const Name&, NodeId new_parent, const Name& new_name,
                uint32_t flags) override;
  Result<fuse::Created> Create(RequestContext&, NodeId, const Name&, const NewObject&,
                               const abi::fuse_open_in&) override;
  Result<fuse::Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                const abi::fuse_open_in&) override;
  Status Read(RequestContext&, NodeId, const abi::fuse_read_in&,
              memory::SegmentCursor& to) override;
  Result<size_t> Write(RequestContext&, NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor& from) override;
  Status SetLk(RequestContext&, NodeId, const abi::fuse_lk_in&, bool wait) override;
  Result<size_t> Ioctl(RequestContext&, NodeId, const abi::fuse_ioctl_in&,
                       std::span<const std::byte> input, std::span<std::byte> output) override;
  Status SetXattr(RequestContext&, NodeId, const char* name, std::span<const std::byte> value,
                  const abi::fuse_setxattr_in&) override;
  Result<size_t> GetXattr(RequestContext&, NodeId, const char* name,
                          std::span<std::byte> value) override;
  Result<size_t> ListXattr(RequestContext&, NodeId, std::span<std::byte> names) override;
  Status RemoveXattr(RequestContext&, NodeId, const char* name) override;

 private:
  std::vector<std::unique_ptr<fuse::DeferredAnswer>> waiting_;
};

}  // namespace vfsd::fuzz
