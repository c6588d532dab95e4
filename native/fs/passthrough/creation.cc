// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/xattr.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::NewObject;
using fuse::RequestContext;
using identity::ScopedIdentity;

namespace {

constexpr uint32_t kPermissionBits = 0777;

/**
 * Whether a set-group-ID bit that was asked for is to stay where the directory hands its group down
 * (CVE-2018-13405): only for root, and for members of that group. The caller's own group is the
 * kernel's to see; a supplementary one the request names.
 */
bool MayKeepSetGroupId(const RequestContext& context, const struct statx& directory,
                       const NewObject& object) {
  return context.caller.uid == identity::GuestUid{0} ||
         object.supplementary_group == identity::GuestGid{directory.stx_gid};
}

}  // namespace

Result<ScopedIdentity> Passthrough::ActAsCreator(const RequestContext& context,
                                                 const Inode& directory,
                                                 const NewObject& object) const {
  const Status masked = identity::SetThreadUmask(object.umask & kPermissionBits);
  if (!masked) {
    return masked.error();
  }
  if ((object.mode & S_ISGID) != 0) {
    const auto attributes = Stat(directory.fd.get(), "");
    if (!attributes) {
      return attributes.error();
    }
    const Status decided =
        identity::KeepSetIdBits(identity_, MayKeepSetGroupId(context, *attributes, object));
    if (!decided) {
      return decided.error();
    }
  }
  return ScopedIdentity::Assume(identity_, context.caller.uid, context.caller.gid);
}

Status Passthrough::ApplyLabels(const RequestContext& context, int fd,
                                const NewObject& object) const {
  for (const fuse::SecurityLabel& label : object.labels) {
    const Status allowed = CheckXattrName(context, label.name);
    if (!allowed) {
      return allowed;
    }
    const Status set = RetryStatus([&] {
      return setxattr(sys::FdName(fd).c_str(), label.name, label.value.data(), label.value.size(),
                      0);
    });
    if (!set) {
      return set;
    }
  }
  return {};
}

}  // namespace vfsd::fs::passthrough
