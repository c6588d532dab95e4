// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/forwarding.h"
#include "identity/credentials.h"

namespace vfsd::fs {

/**
 * QEMU's security model `none`: like passthrough, for a daemon that may not give files away. What
 * is made belongs to the daemon's own user where it cannot be the caller's, and a change of owner
 * or mode that the host refuses is said to be done.
 */
class LaxOwnership final : public Forwarding {
 public:
  /** `inner` must outlive this. */
  LaxOwnership(fuse::FileSystem& inner, const identity::ProcessIdentity& identity);

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

 private:
  /** Makes something as the caller, or else as the daemon's own user. */
  template <typename Make>
  auto MakeAsWhoMay(RequestContext& context, Make make);

  const fuse::Caller self_;
};

}  // namespace vfsd::fs
