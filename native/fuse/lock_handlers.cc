// SPDX-License-Identifier: Apache-2.0
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {

Status GetLk(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_lk_in>();
  const auto lock = service.file_system.GetLk(request.context, request.node(), in);
  return lock ? request.Reply(abi::fuse_lk_out{*lock}) : lock.error();
}

Status SetLk(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_lk_in>();
  return service.file_system.SetLk(request.context, request.node(), in, false);
}

Status SetLkW(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_lk_in>();
  return service.file_system.SetLk(request.context, request.node(), in, true);
}

}  // namespace vfsd::fuse::handlers
