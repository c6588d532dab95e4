// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstring>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"
#include "fs/posix_acl.h"

namespace vfsd::fs::passthrough {

using fuse::NodeId;
using fuse::RequestContext;

namespace {

/** Takes the names that the guest must not see out of a listxattr(2) answer; answers the new
 * length. */
size_t DropHiddenNames(std::span<std::byte> names) {
  auto* text = reinterpret_cast<char*>(names.data());
  size_t kept = 0;
  for (size_t at = 0; at < names.size();) {
    const size_t length = strnlen(text + at, names.size() - at) + 1;
    if (!IsPosixAcl({text + at, length - 1})) {
      std::memmove(text + kept, text + at, length);
      kept += length;
    }
    at += length;
  }
  return kept;
}

}  // namespace

// Access control lists are the business of FUSE_POSIX_ACL. While that is not negotiated the guest's
// kernel would not obey them, so the guest does not get to see or set them.
Status Passthrough::CheckXattrName(const RequestContext& context, const char* name) {
  return IsPosixAcl(name) && !context.Negotiated(abi::FUSE_POSIX_ACL) ? Status(Errno(EOPNOTSUPP))
                                                                      : Status();
}

Result<Passthrough::InodeRef> Passthrough::FindForXattr(const RequestContext& context,
                                                        NodeId node) {
  return options_.xattr ? FindInode(context, node) : Result<InodeRef>(Errno(ENOSYS));
}

// The path calls, on a descriptor's number in the working directory: they need no file that is open
// for reading, and so work on every kind of inode. /proc/self/fd leads to the inode itself, also to
// a symbolic link's own.

Status Passthrough::ClearSetGroupId(const Inode& inode) const {
  const auto attributes = Stat(inode.fd.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  if ((attributes->stx_mode & S_ISGID) == 0) {
    return {};
  }
  return proc_self_fd_.ChangeMode(
      inode.fd.get(), attributes->stx_mode & kModeBits & ~static_cast<uint32_t>(S_ISGID));
}

Status Passthrough::SetXattr(RequestContext& context, NodeId node, const char* name,
                             std::span<const std::byte> value, const abi::fuse_setxattr_in& in) {
  const Result<InodeRef> inode = FindForXattr(context, node);
  if (!inode) {
    return inode.error();
  }
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed;
  }
  const bool clears = (in.setxattr_flags & abi::FUSE_SETXATTR_ACL_KILL_SGID) != 0;
  const Status decided = identity::KeepSetIdBits(identity_, !clears);
  if (!decided) {
    return decided;
  }
  const Status set = RetryStatus([&] {
    return setxattr(sys::FdName((*inode)->fd.get()).c_str(), name, value.data(), value.size(),
                    static_cast<int>(in.flags));
  });
  return set && clears ? ClearSetGroupId(**inode) : set;
}

Result<size_t> Passthrough::GetXattr(RequestContext& context, NodeId node, const char* name,
                                     std::span<std::byte> value) {
  const Result<InodeRef> inode = FindForXattr(context, node);
  if (!inode) {
    return inode.error();
  }
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed.error();
  }
  const auto length = Retry([&] {
    return getxattr(sys::FdName((*inode)->fd.get()).c_str(), name, value.data(), value.size());
  });
  if (!length) {
    return length.error();
  }
  return static_cast<size_t>(*length);
}

Result<size_t> Passthrough::ListXattr(RequestContext& context, NodeId node,
                                      std::span<std::byte> names) {
  const Result<InodeRef> inode = FindForXattr(context, node);
  if (!inode) {
    return inode.error();
  }
  const auto length = Retry([&] {
    return listxattr(sys::FdName((*inode)->fd.get()).c_str(), reinterpret_cast<char*>(names.data()),
                     names.size());
  });
  if (!length) {
    return length.error();
  }
  // Asked for the length only, the answer may be too long by the hidden names: a caller's buffer is
  // only larger then.
  return names.empty() || context.Negotiated(abi::FUSE_POSIX_ACL)
             ? static_cast<size_t>(*length)
             : DropHiddenNames(names.first(static_cast<size_t>(*length)));
}

Status Passthrough::RemoveXattr(RequestContext& context, NodeId node, const char* name) {
  const Result<InodeRef> inode = FindForXattr(context, node);
  if (!inode) {
    return inode.error();
  }
  const Status allowed = CheckXattrName(context, name);
  if (!allowed) {
    return allowed.error();
  }
  return RetryStatus([&] { return removexattr(sys::FdName((*inode)->fd.get()).c_str(), name); });
}

}  // namespace vfsd::fs::passthrough
