// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include "fuse/file_system.h"

namespace vfsd::fs {

/** A file system that hands everything to another one: the base of those that change a part of it.
 */
class Forwarding : public fuse::FileSystem {
 protected:
  using FileHandle = fuse::FileHandle;
  using Name = fuse::Name;
  using NewObject = fuse::NewObject;
  using NodeId = fuse::NodeId;
  using RequestContext = fuse::RequestContext;

 public:
  /** `inner` must outlive this. */
  explicit Forwarding(fuse::FileSystem& inner) : inner_(inner) {}

  void Reset() override { inner_.Reset(); }
  void EndUnwantedWaits() override { inner_.EndUnwantedWaits(); }
  Result<abi::fuse_entry_out> Lookup(RequestContext& context, NodeId node,
                                     const Name& name) override {
    return inner_.Lookup(context, node, name);
  }
  void Forget(NodeId node, uint64_t nlookup) override { inner_.Forget(node, nlookup); }
  Result<abi::fuse_attr_out> GetAttr(RequestContext& context, NodeId node) override {
    return inner_.GetAttr(context, node);
  }
  Result<abi::fuse_statx_out> Statx(RequestContext& context, NodeId node, uint32_t mask) override {
    return inner_.Statx(context, node, mask);
  }
  Result<abi::fuse_attr_out> SetAttr(RequestContext& context, NodeId node,
                                     const abi::fuse_setattr_in& in) override {
    return inner_.SetAttr(context, node, in);
  }
  Status Access(RequestContext& context, NodeId node, uint32_t mask) override {
    return inner_.Access(context, node, mask);
  }
  Result<size_t> ReadLink(RequestContext& context, NodeId node, std::span<char> target) override {
    return inner_.ReadLink(context, node, target);
  }
  Result<abi::fuse_kstatfs> StatFs(RequestContext& context, NodeId node) override {
    return inner_.StatFs(context, node);
  }
  Status SyncFs(RequestContext& context, NodeId node) override {
    return inner_.SyncFs(context, node);
  }
  Result<abi::fuse_entry_out> MkNod(RequestContext& context, NodeId node, const Name& name,
                                    const NewObject& object, uint32_t device) override {
    return inner_.MkNod(context, node, name, object, device);
  }
  Result<abi::fuse_entry_out> MkDir(RequestContext& context, NodeId node, const Name& name,
                                    const NewObject& object) override {
    return inner_.MkDir(context, node, name, object);
  }
  Result<abi::fuse_entry_out> Symlink(RequestContext& context, NodeId node, const Name& name,
                                      const char* target, const NewObject& object) override {
    return inner_.Symlink(context, node, name, target, object);
  }
  Result<abi::fuse_entry_out> Link(RequestContext& context, NodeId node, NodeId parent,
                                   const Name& name) override {
    return inner_.Link(context, node, parent, name);
  }
  Status Unlink(RequestContext& context, NodeId node, const Name& name) override {
    return inner_.Unlink(context, node, name);
  }
  Status RmDir(RequestContext& context, NodeId node, const Name& name) override {
    return inner_.RmDir(context, node, name);
  }
  Status Rename(RequestContext& context, NodeId node, const Name& name, NodeId new_parent,
                const Name& new_name, uint32_t flags) override {
    return inner_.Rename(context, node, name, new_parent, new_name, flags);
  }
  Result<abi::fuse_open_out> Open(RequestContext& context, NodeId node,
                                  const abi::fuse_open_in& in) override {
    return inner_.Open(context, node, in);
  }
  Result<fuse::Created> Create(RequestContext& context, NodeId node, const Name& name,
                               const NewObject& object, const abi::fuse_open_in& in) override {
    return inner_.Create(context, node, name, object, in);
  }
  Result<fuse::Created> TmpFile(RequestContext& context, NodeId node, const NewObject& object,
                                const abi::fuse_open_in& in) override {
    return inner_.TmpFile(context, node, object, in);
  }
  Status Read(RequestContext& context, NodeId node, const abi::fuse_read_in& in,
              memory::SegmentCursor& to) override {
    return inner_.Read(context, node, in, to);
  }
  Result<size_t> Write(RequestContext& context, NodeId node, const abi::fuse_write_in& in,
                       memory::SegmentCursor& from) override {
    return inner_.Write(context, node, in, from);
  }
  Status Flush(RequestContext& context, NodeId node, FileHandle handle,
               fuse::LockOwner owner) override {
    return inner_.Flush(context, node, handle, owner);
  }
  Status Fsync(RequestContext& context, NodeId node, FileHandle handle, bool data_only) override {
    return inner_.Fsync(context, node, handle, data_only);
  }
  Status Release(RequestContext& context, NodeId node, const abi::fuse_release_in& in) override {
    return inner_.Release(context, node, in);
  }
  Status Fallocate(RequestContext& context, NodeId node,
                   const abi::fuse_fallocate_in& in) override {
    return inner_.Fallocate(context, node, in);
  }
  Result<uint64_t> Lseek(RequestContext& context, NodeId node,
                         const abi::fuse_lseek_in& in) override {
    return inner_.Lseek(context, node, in);
  }
  Result<size_t> CopyFileRange(RequestContext& context, NodeId node,
                               const abi::fuse_copy_file_range_in& in) override {
    return inner_.CopyFileRange(context, node, in);
  }
  Result<abi::fuse_file_lock> GetLk(RequestContext& context, NodeId node,
                                    const abi::fuse_lk_in& in) override {
    return inner_.GetLk(context, node, in);
  }
  Status SetLk(RequestContext& context, NodeId node, const abi::fuse_lk_in& in,
               bool wait) override {
    return inner_.SetLk(context, node, in, wait);
  }
  Result<size_t> Ioctl(RequestContext& context, NodeId node, const abi::fuse_ioctl_in& in,
                       std::span<const std::byte> input, std::span<std::byte> output) override {
    return inner_.Ioctl(context, node, in, input, output);
  }
  Result<abi::fuse_open_out> OpenDir(RequestContext& context, NodeId node) override {
    return inner_.OpenDir(context, node);
  }
  Status ReadDir(RequestContext& context, NodeId node, FileHandle handle, uint64_t offset,
                 fuse::DirentWriter& out) override {
    return inner_.ReadDir(context, node, handle, offset, out);
  }
  Status FsyncDir(RequestContext& context, NodeId node, FileHandle handle,
                  bool data_only) override {
    return inner_.FsyncDir(context, node, handle, data_only);
  }
  Status ReleaseDir(RequestContext& context, NodeId node, FileHandle handle) override {
    return inner_.ReleaseDir(context, node, handle);
  }
  Status SetXattr(RequestContext& context, NodeId node, const char* name,
                  std::span<const std::byte> value, const abi::fuse_setxattr_in& in) override {
    return inner_.SetXattr(context, node, name, value, in);
  }
  Result<size_t> GetXattr(RequestContext& context, NodeId node, const char* name,
                          std::span<std::byte> value) override {
    return inner_.GetXattr(context, node, name, value);
  }
  Result<size_t> ListXattr(RequestContext& context, NodeId node,
                           std::span<std::byte> names) override {
    return inner_.ListXattr(context, node, names);
  }
  Status RemoveXattr(RequestContext& context, NodeId node, const char* name) override {
    return inner_.RemoveXattr(context, node, name);
  }

 protected:
  fuse::FileSystem& inner_;
};

}  // namespace vfsd::fs
