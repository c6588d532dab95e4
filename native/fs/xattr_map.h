// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <shared_mutex>
#include <string>

#include "fs/forwarding.h"
#include "fs/xattr_map_rules.h"

namespace vfsd::fs {

/**
 * Gives extended attributes other names on the host than in the guest.
 *
 * Access control lists are different: they work only as the host's own, which applies a directory's
 * default list to what is made in it and keeps the mode in step. One under another name would be
 * enforced by the guest and by nobody else. So a list that a rule gives another name, or whose name
 * it refuses, is one that the guest can neither have nor set.
 *
 * A kernel takes security.capability off a file when its contents or its owner change. For a file
 * capability that has another name on the host nobody does that but this class (CVE-2021-20263):
 * otherwise a user who may write to a privileged program could put another one in its place.
 */
class XattrMap final : public Forwarding {
 public:
  /** `inner` must outlive this. */
  XattrMap(fuse::FileSystem& inner, XattrRules rules);

  Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId, const abi::fuse_setattr_in&) override;

  Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                    uint32_t device) override;
  Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&,
                                    const NewObject&) override;
  Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&, const char* target,
                                      const NewObject&) override;
  Result<fuse::Created> Create(RequestContext&, NodeId, const Name&, const NewObject&,
                               const abi::fuse_open_in&) override;
  Result<fuse::Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                const abi::fuse_open_in&) override;

  Result<abi::fuse_open_out> Open(RequestContext&, NodeId, const abi::fuse_open_in&) override;
  Result<size_t> Write(RequestContext&, NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor& from) override;
  Status Fallocate(RequestContext&, NodeId, const abi::fuse_fallocate_in&) override;
  Result<size_t> CopyFileRange(RequestContext&, NodeId,
                               const abi::fuse_copy_file_range_in&) override;

  Status SetXattr(RequestContext&, NodeId, const char* name, std::span<const std::byte> value,
                  const abi::fuse_setxattr_in&) override;
  Result<size_t> GetXattr(RequestContext&, NodeId, const char* name,
                          std::span<std::byte> value) override;
  Result<size_t> ListXattr(RequestContext&, NodeId, std::span<std::byte> names) override;
  Status RemoveXattr(RequestContext&, NodeId, const char* name) override;

 private:
  class MappedLabels;

  /** The host's name for an attribute of the guest's: terminated, `name` itself or in `buffer`. */
  Result<const char*> HostName(const RequestContext& context, const char* name,
                               XattrRules::NameBuffer& buffer) const;
  /** Whether a listed name of the host's is one that the guest gets to see as `guest_name`. */
  static bool IsShown(const RequestContext& context, std::string_view host_name,
                      std::string_view guest_name);

  /** Does what changes a file's contents or owner, with its capability gone before. */
  template <typename Change>
  auto WithoutCapability(RequestContext& context, NodeId node, Change change) -> decltype(change());
  Status RemoveCapability(RequestContext& context, NodeId node);
  std::shared_mutex& LockOf(NodeId node);

  const XattrRules rules_;
  /** What security.capability is called on the host; empty when the host's kernel looks after it,
   * or the guest cannot set it. */
  std::string capability_;
  /**
   * Held shared from a capability's removal to the end of the change, and alone by whoever sets
   * one: what was set is never left on contents that came after it. By nodeid, so that few wait for
   * each other.
   */
  std::array<std::shared_mutex, 64> locks_;
};

}  // namespace vfsd::fs
