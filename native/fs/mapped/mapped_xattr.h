// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/mapped/mapped.h"

namespace vfsd::fs::mapped {

/**
 * `mapped-xattr`: attributes are kept in user.virtfs.uid, .gid, .mode (32 bits, little-endian) and
 * .rdev (64 bits) of each object, access control lists in user.virtfs.system.posix_acl_….
 */
class MappedXattr final : public Mapped {
 public:
  /** `inner` must outlive this, and have extended attributes. */
  MappedXattr(fuse::FileSystem& inner, const Options& options,
              const identity::ProcessIdentity& identity);

 private:
  Result<StoredAttributes> ReadStored(RequestContext&, NodeId) override;
  Result<std::optional<uint32_t>> ReadStoredMode(RequestContext&, NodeId) override;
  Status ChangeStored(RequestContext&, NodeId, const StoredAttributes& change) override;
  Status StoreInObject(RequestContext& context, NodeId node,
                       const StoredAttributes& stored) override {
    return ChangeStored(context, node, stored);
  }
};

}  // namespace vfsd::fs::mapped
