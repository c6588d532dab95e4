// SPDX-License-Identifier: Apache-2.0
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {
namespace {

Status List(Service& service, Request& request, bool plus) {
  const auto in = request.body.Fixed<abi::fuse_read_in>();
  DirentWriter writer(request.reply, in.size, plus);
  return service.file_system.ReadDir(request.context, request.node(), FileHandle{in.fh}, in.offset,
                                     writer);
}

}  // namespace

Status OpenDir(Service& service, Request& request) {
  const auto opened = service.file_system.OpenDir(request.context, request.node());
  return opened ? request.Reply(*opened) : opened.error();
}

Status ReadDir(Service& service, Request& request) {
  return List(service, request, false);
}

Status ReadDirPlus(Service& service, Request& request) {
  return List(service, request, true);
}

Status FsyncDir(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_fsync_in>();
  return service.file_system.FsyncDir(request.context, request.node(), FileHandle{in.fh},
                                      (in.fsync_flags & abi::FUSE_FSYNC_FDATASYNC) != 0);
}

Status ReleaseDir(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_release_in>();
  return service.file_system.ReleaseDir(request.context, request.node(), FileHandle{in.fh});
}

}  // namespace vfsd::fuse::handlers
