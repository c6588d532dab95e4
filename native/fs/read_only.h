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
    return Changes(in) ? kRefused : inner_.Open(context, node, in);
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
    inner_.Forget(found, 1);
    if ((in.flags & O_EXCL) != 0) {
      return Errno(EEXIST);
    }
    // The guest finds it when it looks again, decides who may open it, and does so.
    return Changes(in) ? kRefused : Errno(ESTALE);
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
    switch (in.cmd) {
      case FS_IOC_GETFLAGS:
      case FS_IOC32_GETFLAGS:
      case FS_IOC_FSGETXATTR:
      case FS_IOC_GETVERSION:
      case FS_IOC32_GETVERSION:
        return inner_.Ioctl(context, node, in, input, output);
      case FS_IOC_SETFLAGS:
      case FS_IOC32_SETFLAGS:
      case FS_IOC_FSSETXATTR:
        return kRefused;
      default:
        // What it would do is not known here.
        return Errno(ENOTTY);
    }
  }
  Status SetXattr(RequestContext&, NodeId, const char*, std::span<const std::byte>,
                  const abi::fuse_setxattr_in&) override {
    return kRefused;
  }
  Status RemoveXattr(RequestContext&, NodeId, const char*) override { return kRefused; }

 private:
  /** O_TRUNC changes a file even when it is opened for reading (CVE-2026-63318). */
  static bool Changes(const abi::fuse_open_in& in) {
    return (in.flags & O_ACCMODE) != O_RDONLY || (in.flags & O_TRUNC) != 0;
  }

  /** Of the entry that tells the guest to remember that there is nothing. */
  static constexpr NodeId kNoNode{0};

  static constexpr Errno kRefused{EROFS};
};

}  // namespace vfsd::fs
