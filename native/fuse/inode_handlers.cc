// SPDX-License-Identifier: Apache-2.0
#include <climits>

#include "fuse/operations.h"

namespace vfsd::fuse::handlers {

Status Lookup(Service& service, Request& request) {
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  const auto entry = service.file_system.Lookup(request.context, request.node(), *name);
  return entry ? request.Reply(*entry) : entry.error();
}

Status Forget(Service& service, Request& request) {
  service.file_system.Forget(request.node(), request.body.Fixed<abi::fuse_forget_in>().nlookup);
  return {};
}

Status BatchForget(Service& service, Request& request) {
  const uint32_t count = request.body.Fixed<abi::fuse_batch_forget_in>().count;
  abi::fuse_forget_one one;
  // A count beyond what was sent ends where the bytes end.
  for (uint32_t i = 0; i < count && request.data.Read(&one, sizeof one); ++i) {
    service.file_system.Forget(NodeId{one.nodeid}, one.nlookup);
  }
  return {};
}

Status GetAttr(Service& service, Request& request) {
  // The handle that may come along is not needed: an inode's attributes are the same through any of
  // its files.
  const auto attributes = service.file_system.GetAttr(request.context, request.node());
  return attributes ? request.Reply(*attributes) : attributes.error();
}

Status Statx(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_statx_in>();
  const auto attributes = service.file_system.Statx(request.context, request.node(), in.sx_mask);
  return attributes ? request.Reply(*attributes) : attributes.error();
}

Status SetAttr(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_setattr_in>();
  const auto attributes = service.file_system.SetAttr(request.context, request.node(), in);
  return attributes ? request.Reply(*attributes) : attributes.error();
}

Status Access(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_access_in>();
  return service.file_system.Access(request.context, request.node(), in.mask);
}

Status ReadLink(Service& service, Request& request) {
  const auto room = request.output.first(PATH_MAX);
  const auto length = service.file_system.ReadLink(
      request.context, request.node(), {reinterpret_cast<char*>(room.data()), room.size()});
  return length ? request.ReplyBytes(room.first(*length)) : length.error();
}

Status StatFs(Service& service, Request& request) {
  const auto statistics = service.file_system.StatFs(request.context, request.node());
  return statistics ? request.Reply(*statistics) : statistics.error();
}

Status SyncFs(Service& service, Request& request) {
  return service.file_system.SyncFs(request.context, request.node());
}

}  // namespace vfsd::fuse::handlers
