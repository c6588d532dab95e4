// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "fs/mapped/mapped.h"
#include "fs/mapped/shown_attributes.h"
#include "fs/set_id_bits.h"

namespace vfsd::fs::mapped {
namespace {

/** What is left of a mode when contents or owner change: without a group that may execute it,
 * set-group-ID means something else. */
uint32_t WithoutSetIdBits(uint32_t mode) {
  const bool runs_as_group = (mode & S_IXGRP) != 0;
  return mode & ~static_cast<uint32_t>(S_ISUID | (runs_as_group ? S_ISGID : 0));
}

bool ClearsBySize(const fuse::RequestContext& context, const abi::fuse_setattr_in& in) {
  return (in.valid & abi::FATTR_SIZE) != 0 && (in.valid & abi::FATTR_KILL_SUIDGID) != 0 &&
         context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2);
}

constexpr uint32_t kOwner = abi::FATTR_UID | abi::FATTR_GID;

}  // namespace

Status Mapped::StoreChange(RequestContext& context, NodeId node, const abi::fuse_setattr_in& in) {
  const bool sets_uid = (in.valid & abi::FATTR_UID) != 0;
  const bool sets_gid = (in.valid & abi::FATTR_GID) != 0;
  if ((sets_uid && in.uid == UINT32_MAX) || (sets_gid && in.gid == UINT32_MAX)) {
    return Errno(EINVAL);
  }
  const std::scoped_lock lock(LockOf(node));
  const auto current = GetAttr(context, node);
  if (!current) {
    return current.error();
  }
  const uint32_t old_mode = current->attr.mode;
  uint32_t mode = old_mode;
  if (!S_ISDIR(mode) && ((in.valid & kOwner) != 0 || ClearsBySize(context, in))) {
    mode = WithoutSetIdBits(mode);
  }
  StoredAttributes change;
  if (sets_uid) {
    change.uid = in.uid;
  }
  if (sets_gid) {
    change.gid = in.gid;
  }
  if ((in.valid & abi::FATTR_MODE) != 0) {
    mode = (old_mode & S_IFMT) | (in.mode & kModeBits);
    const Status followed = SetModeOfAccessList(context, node, mode);
    if (!followed) {
      return followed;
    }
    change.mode = mode;
  } else if (mode != old_mode) {
    change.mode = mode;
  }
  return change.empty() ? Status() : ChangeStored(context, node, change);
}

Result<abi::fuse_attr_out> Mapped::SetAttr(RequestContext& context, NodeId node,
                                           const abi::fuse_setattr_in& in) {
  constexpr uint32_t kStored = kOwner | abi::FATTR_MODE;
  RequestContext self = AsSelf(context);
  if ((in.valid & kStored) != 0 || ClearsBySize(context, in)) {
    const Status stored = StoreChange(self, node, in);
    if (!stored) {
      return stored.error();
    }
  }
  abi::fuse_setattr_in host = in;
  host.valid &= ~(kStored | abi::FATTR_KILL_SUIDGID);
  auto attributes = inner_.SetAttr(self, node, host);
  if (!attributes) {
    return attributes;
  }
  const auto stored = ReadStored(self, node);
  if (!stored) {
    return stored.error();
  }
  Show(self, *stored, *attributes);
  return attributes;
}

Status Mapped::ClearSetIdBits(RequestContext& context, NodeId node) {
  RequestContext self = AsSelf(context);
  const std::scoped_lock lock(LockOf(node));
  const auto mode = ReadStoredMode(self, node);
  if (!mode) {
    return mode.error();
  }
  if (!*mode || S_ISDIR(**mode) || WithoutSetIdBits(**mode) == **mode) {
    return {};
  }
  StoredAttributes change;
  change.mode = WithoutSetIdBits(**mode);
  return ChangeStored(self, node, change);
}

Status Mapped::ClearSetIdBitsAsUser(RequestContext& context, NodeId node) {
  return ChangesAsUser(context) ? ClearSetIdBits(context, node) : Status();
}

Result<abi::fuse_open_out> Mapped::Open(RequestContext& context, NodeId node,
                                        const abi::fuse_open_in& in) {
  if ((in.flags & O_TRUNC) != 0) {
    const bool says_so = context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2);
    const Status cleared = !says_so ? ClearSetIdBitsAsUser(context, node)
                           : (in.open_flags & abi::FUSE_OPEN_KILL_SUIDGID) != 0
                               ? ClearSetIdBits(context, node)
                               : Status();
    if (!cleared) {
      return cleared.error();
    }
  }
  return inner_.Open(context, node, in);
}

Result<size_t> Mapped::Write(RequestContext& context, NodeId node, const abi::fuse_write_in& in,
                             memory::SegmentCursor& from) {
  if ((in.write_flags & abi::FUSE_WRITE_KILL_SUIDGID) != 0) {
    const Status cleared = ClearSetIdBits(context, node);
    if (!cleared) {
      return cleared.error();
    }
  }
  return inner_.Write(context, node, in, from);
}

Status Mapped::Fallocate(RequestContext& context, NodeId node, const abi::fuse_fallocate_in& in) {
  const Status cleared = ClearSetIdBitsAsUser(context, node);
  return cleared ? inner_.Fallocate(context, node, in) : cleared;
}

Result<size_t> Mapped::CopyFileRange(RequestContext& context, NodeId node,
                                     const abi::fuse_copy_file_range_in& in) {
  const Status cleared = ClearSetIdBitsAsUser(context, NodeId{in.nodeid_out});
  return cleared ? inner_.CopyFileRange(context, node, in) : cleared.error();
}

}  // namespace vfsd::fs::mapped
