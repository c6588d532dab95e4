// SPDX-License-Identifier: Apache-2.0
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {

Status Open(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_open_in>();
  const auto opened = service.file_system.Open(request.context, request.node(), in.flags);
  return opened ? request.Reply(*opened) : opened.error();
}

Status Create(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_create_in>();
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  const auto created = service.file_system.Create(request.context, request.node(), *name, in);
  if (!created) {
    return created.error();
  }
  const Status entry = request.Reply(created->entry);
  return entry ? request.Reply(created->open) : entry;
}

Status Read(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_read_in>();
  request.reply.Limit(in.size);
  return service.file_system.Read(request.context, request.node(), in, request.reply);
}

Status Write(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_write_in>();
  if (in.size > request.data.remaining()) {
    return Errno(EINVAL);
  }
  request.data.Limit(in.size);
  const auto count = service.file_system.Write(request.context, request.node(), in, request.data);
  if (!count) {
    return count.error();
  }
  return request.Reply(abi::fuse_write_out{static_cast<uint32_t>(*count), 0});
}

Status Flush(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_flush_in>();
  return service.file_system.Flush(request.context, request.node(), FileHandle{in.fh});
}

Status Fsync(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_fsync_in>();
  return service.file_system.Fsync(request.context, request.node(), FileHandle{in.fh},
                                   (in.fsync_flags & abi::FUSE_FSYNC_FDATASYNC) != 0);
}

Status Release(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_release_in>();
  return service.file_system.Release(request.context, request.node(), FileHandle{in.fh});
}

Status Fallocate(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_fallocate_in>();
  return service.file_system.Fallocate(request.context, request.node(), in);
}

Status Lseek(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_lseek_in>();
  const auto offset = service.file_system.Lseek(request.context, request.node(), in);
  return offset ? request.Reply(abi::fuse_lseek_out{*offset}) : offset.error();
}

Status CopyFileRange(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_copy_file_range_in>();
  const auto count = service.file_system.CopyFileRange(request.context, request.node(), in);
  if (!count) {
    return count.error();
  }
  return request.Reply(abi::fuse_write_out{static_cast<uint32_t>(*count), 0});
}

}  // namespace vfsd::fuse::handlers
