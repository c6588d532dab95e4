// SPDX-License-Identifier: Apache-2.0
#include "fs/lax_ownership.h"

namespace vfsd::fs {
namespace {

/** The host does not let the daemon do this with owners or modes, or has no such user for it. */
bool IsRefusal(Errno error) {
  return error == Errno(EPERM) || error == Errno(EACCES) || error == Errno(EINVAL) ||
         error == Errno(EOVERFLOW);
}

}  // namespace

LaxOwnership::LaxOwnership(fuse::FileSystem& inner, const identity::ProcessIdentity& identity)
    : Forwarding(inner),
      self_{identity::GuestUid{static_cast<uint32_t>(identity.uid)},
            identity::GuestGid{static_cast<uint32_t>(identity.gid)}} {}

Result<abi::fuse_attr_out> LaxOwnership::SetAttr(RequestContext& context, NodeId node,
                                                 const abi::fuse_setattr_in& in) {
  constexpr uint32_t kOwner = abi::FATTR_UID | abi::FATTR_GID;
  // One at a time, each for itself: what can be done is done.
  for (const uint32_t lax : {kOwner, abi::FATTR_MODE}) {
    if ((in.valid & lax) == 0) {
      continue;
    }
    abi::fuse_setattr_in one = in;
    one.valid &= lax | abi::FATTR_KILL_SUIDGID;
    const auto changed = inner_.SetAttr(context, node, one);
    if (!changed && !IsRefusal(changed.error())) {
      return changed;
    }
  }
  abi::fuse_setattr_in rest = in;
  rest.valid &= ~(kOwner | abi::FATTR_MODE);
  return inner_.SetAttr(context, node, rest);
}

template <typename Make>
auto LaxOwnership::MakeAsWhoMay(RequestContext& context, Make make) {
  auto made = make(context);
  if (made || !IsRefusal(made.error())) {
    return made;
  }
  RequestContext self = context;
  self.caller = self_;
  return make(self);
}

Result<abi::fuse_entry_out> LaxOwnership::MkNod(RequestContext& context, NodeId node,
                                                const Name& name, const NewObject& object,
                                                uint32_t device) {
  return MakeAsWhoMay(context, [&](RequestContext& maker) {
    return inner_.MkNod(maker, node, name, object, device);
  });
}

Result<abi::fuse_entry_out> LaxOwnership::MkDir(RequestContext& context, NodeId node,
                                                const Name& name, const NewObject& object) {
  return MakeAsWhoMay(
      context, [&](RequestContext& maker) { return inner_.MkDir(maker, node, name, object); });
}

Result<abi::fuse_entry_out> LaxOwnership::Symlink(RequestContext& context, NodeId node,
                                                  const Name& name, const char* target,
                                                  const NewObject& object) {
  return MakeAsWhoMay(context, [&](RequestContext& maker) {
    return inner_.Symlink(maker, node, name, target, object);
  });
}

Result<fuse::Created> LaxOwnership::Create(RequestContext& context, NodeId node, const Name& name,
                                           const NewObject& object, const abi::fuse_open_in& in) {
  return MakeAsWhoMay(
      context, [&](RequestContext& maker) { return inner_.Create(maker, node, name, object, in); });
}

Result<fuse::Created> LaxOwnership::TmpFile(RequestContext& context, NodeId node,
                                            const NewObject& object, const abi::fuse_open_in& in) {
  return MakeAsWhoMay(
      context, [&](RequestContext& maker) { return inner_.TmpFile(maker, node, object, in); });
}

}  // namespace vfsd::fs
