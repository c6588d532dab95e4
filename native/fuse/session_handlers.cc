// SPDX-License-Identifier: Apache-2.0
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {

Status Init(Service& service, Request& request) {
  const auto guest = request.body.Fixed<abi::fuse_init_in>();
  const auto reply = service.session.Init(guest);
  return reply ? request.Reply(*reply) : reply.error();
}

Status Destroy(Service& service, Request&) {
  service.session.End();
  return {};
}

// Linux never sends it over virtio; an interrupted request is simply answered.
Status Interrupt(Service&, Request&) {
  return {};
}

}  // namespace vfsd::fuse::handlers
