// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse/file_system.h"

namespace vfsd::bench {

/**
 * A file system that does nothing and answers everything from constants, so that what is measured
 * over it is the way of a request through vfsd and not the file system. It answers what the
 * benchmark's share would, for as many operations as need no memory of what was done before.
 */
class NullFileSystem final : public fuse::FileSystem {
 public:
  /** The file "data" has so many bytes, of which each page holds its number first and last. */
  static constexpr uint64_t kDataSize = uint64_t{64} << 20;

  Result<abi::fuse_entry_out> Lookup(fuse::RequestContext& context, fuse::NodeId parent,
                                     const fuse::Name& name) override;
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext& context, fuse::NodeId node) override;
  Result<abi::fuse_attr_out> SetAttr(fuse::RequestContext& context, fuse::NodeId node,
                                     const abi::fuse_setattr_in& in) override;
  Result<abi::fuse_kstatfs> StatFs(fuse::RequestContext& context, fuse::NodeId node) override;
  Result<abi::fuse_entry_out> MkDir(fuse::RequestContext& context, fuse::NodeId parent,
                                    const fuse::Name& name, const fuse::NewObject& made) override;
  Status Unlink(fuse::RequestContext& context, fuse::NodeId parent,
                const fuse::Name& name) override;
  Status RmDir(fuse::RequestContext& context, fuse::NodeId parent, const fuse::Name& name) override;
  Status Rename(fuse::RequestContext& context, fuse::NodeId parent, const fuse::Name& name,
                fuse::NodeId new_parent, const fuse::Name& new_name, uint32_t flags) override;
  Result<abi::fuse_open_out> Open(fuse::RequestContext& context, fuse::NodeId node,
                                  const abi::fuse_open_in& in) override;
  Result<fuse::Created> Create(fuse::RequestContext& context, fuse::NodeId parent,
                               const fuse::Name& name, const fuse::NewObject& made,
                               const abi::fuse_open_in& in) override;
  Status Read(fuse::RequestContext& context, fuse::NodeId node, const abi::fuse_read_in& in,
              memory::SegmentCursor& to) override;
  Result<size_t> Write(fuse::RequestContext& context, fuse::NodeId node,
                       const abi::fuse_write_in& in, memory::SegmentCursor& from) override;
  Status Release(fuse::RequestContext& context, fuse::NodeId node,
                 const abi::fuse_release_in& in) override;
  Result<abi::fuse_open_out> OpenDir(fuse::RequestContext& context, fuse::NodeId node) override;
  Status ReadDir(fuse::RequestContext& context, fuse::NodeId node, fuse::FileHandle handle,
                 uint64_t offset, fuse::DirentWriter& out) override;
  Status ReleaseDir(fuse::RequestContext& context, fuse::NodeId node,
                    fuse::FileHandle handle) override;
  Result<size_t> GetXattr(fuse::RequestContext& context, fuse::NodeId node, const char* name,
                          std::span<std::byte> value) override;
};

}  // namespace vfsd::bench
