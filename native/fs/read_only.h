// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/forwarding.h"

namespace vfsd::fs {

/** Answers EROFS to everything that would change the tree. */
class ReadOnly final : public Forwarding {
 public:
  using Forwarding::Forwarding;

  Result<abi::fuse_open_out> Open(RequestContext& context, NodeId node,
                                  const abi::fuse_open_in& in) override {
    // O_TRUNC changes a file even when it is opened for reading (CVE-2026-63318).
    if ((in.flags & O_ACCMODE) != O_RDONLY || (in.flags & O_TRUNC) != 0) {
      return kRefused;
    }
    return inner_.Open(context, node, in);
  }
  Status Access(RequestContext& context, NodeId node, uint32_t mask) override {
    return (mask & W_OK) != 0 ? Status(kRefused) : inner_.Access(context, node, mask);
  }

  Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId,
                                     const abi::fuse_setattr_in&) override {
    return kRefused;
  }
  Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                    uint32_t) override {
    return kRefused;
  }
  Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&,
                                    const NewObject&) override {
    return kRefused;
  }
  Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&, const char*,
                                      const NewObject&) override {
    return kRefused;
  }
  Result<abi::fuse_entry_out> Link(RequestContext&, NodeId, NodeId, const Name&) override {
    return kRefused;
  }
  Status Unlink(RequestContext&, NodeId, const Name&) override { return kRefused; }
  Status RmDir(RequestContext&, NodeId, const Name&) override { return kRefused; }
  Status Rename(RequestContext&, NodeId, const Name&, NodeId, const Name&, uint32_t) override {
    return kRefused;
  }
  /**
   * On every read-only file system what exists can be opened for reading, also by one who would
   * make it otherwise. Linux sends CREATE when it believes that there is nothing; the host may have
   * made the file since.
   */
  Result<fuse::Created> Create(RequestContext& context, NodeId node, const Name& name,
                               const NewObject&, const abi::fuse_open_in& in) override {
    const auto entry = inner_.Lookup(context, node, name);
    if (!entry) {
      return entry.error() == Errno(ENOENT) ? kRefused : entry.error();
    }
    const NodeId found{entry->nodeid};
    if (found == kNoNode) {
      return kRefused;
    }
    const auto opened = OpenExisting(context, *entry, in);
    if (!opened) {
      inner_.Forget(found, 1);
      return opened.error();
    }
    return fuse::Created{*entry, *opened};
  }
  Result<fuse::Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                const abi::fuse_open_in&) override {
    return kRefused;
  }
  Result<size_t> Write(RequestContext&, NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor&) override {
    return kRefused;
  }
  Status Fallocate(RequestContext&, NodeId, const abi::fuse_fallocate_in&) override {
    return kRefused;
  }
  Result<size_t> CopyFileRange(RequestContext&, NodeId,
                               const abi::fuse_copy_file_range_in&) override {
    return kRefused;
  }
  Result<size_t> Ioctl(RequestContext& context, NodeId node, const abi::fuse_ioctl_in& in,
                       std::span<const std::byte> input, std::span<std::byte> output) override {
    return ChangesNothing(in.cmd) ? inner_.Ioctl(context, node, in, input, output) : kRefused;
  }
  Status SetXattr(RequestContext&, NodeId, const char*, std::span<const std::byte>,
                  const abi::fuse_setxattr_in&) override {
    return kRefused;
  }
  Status RemoveXattr(RequestContext&, NodeId, const char*) override { return kRefused; }

 private:
  Result<abi::fuse_open_out> OpenExisting(RequestContext& context, const abi::fuse_entry_out& entry,
                                          const abi::fuse_open_in& in) {
    const NodeId node{entry.nodeid};
    if ((in.flags & O_EXCL) != 0) {
      return Errno(EEXIST);
    }
    // Linux takes what CREATE answers for new and does not ask whether the user may open it. ESTALE
    // makes it look again, find what is there and decide.
    if (!S_ISREG(entry.attr.mode) || !inner_.Access(context, node, R_OK)) {
      return Errno(ESTALE);
    }
    return Open(context, node, in);
  }

  /** What asks only. An ioctl that is not known here may do anything. */
  static bool ChangesNothing(uint32_t command) {
    return command == FS_IOC_GETFLAGS || command == FS_IOC_FSGETXATTR ||
           command == FS_IOC_GETVERSION;
  }

  /** Of the entry that tells the guest to remember that there is nothing. */
  static constexpr NodeId kNoNode{0};

  static constexpr Errno kRefused{EROFS};
};

}  // namespace vfsd::fs
