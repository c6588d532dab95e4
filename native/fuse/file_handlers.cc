// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fuse/new_object_reader.h"
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {
namespace {

Status ReplyCreated(Request& request, const Result<Created>& created) {
  if (!created) {
    return created.error();
  }
  const Status entry = request.Reply(created->entry);
  return entry ? request.Reply(created->open) : entry;
}

}  // namespace

Status Open(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_open_in>();
  const auto opened = service.file_system.Open(request.context, request.node(), in);
  return opened ? request.Reply(*opened) : opened.error();
}

Status Create(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_create_in>();
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  NewObjectReader object;
  const Status read = object.Read(request, in.mode, in.umask);
  if (!read) {
    return read;
  }
  return ReplyCreated(request, service.file_system.Create(request.context, request.node(), *name,
                                                          object.get(), {in.flags, in.open_flags}));
}

Status TmpFile(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_create_in>();
  // Linux sends what it calls the file itself: "/", or a number. It means nothing.
  const auto ignored = request.body.String();
  if (!ignored) {
    return ignored.error();
  }
  NewObjectReader object;
  const Status read = object.Read(request, in.mode, in.umask);
  if (!read) {
    return read;
  }
  return ReplyCreated(request,
                      service.file_system.TmpFile(request.context, request.node(), object.get(),
                                                  {in.flags, in.open_flags}));
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
  return service.file_system.Flush(request.context, request.node(), FileHandle{in.fh},
                                   LockOwner{in.lock_owner});
}

Status Fsync(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_fsync_in>();
  return service.file_system.Fsync(request.context, request.node(), FileHandle{in.fh},
                                   (in.fsync_flags & abi::FUSE_FSYNC_FDATASYNC) != 0);
}

Status Release(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_release_in>();
  return service.file_system.Release(request.context, request.node(), in);
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

Status CopyFileRange64(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_copy_file_range_in>();
  const auto count = service.file_system.CopyFileRange(request.context, request.node(), in);
  return count ? request.Reply(abi::fuse_copy_file_range_out{*count}) : count.error();
}

Status Ioctl(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_ioctl_in>();
  const auto input = request.body.Bytes(in.in_size);
  if (!input) {
    return input.error();
  }
  // An answer that cannot be given whole must not be asked for.
  const size_t room = request.reply.remaining() - sizeof(abi::fuse_ioctl_out);
  const auto output =
      request.output.first(std::min<size_t>({in.out_size, request.output.size(), room}));
  const auto filled =
      service.file_system.Ioctl(request.context, request.node(), in, *input, output);
  if (!filled) {
    return filled.error();
  }
  const Status replied = request.Reply(abi::fuse_ioctl_out{});
  return replied ? request.ReplyBytes(output.first(*filled)) : replied;
}

}  // namespace vfsd::fuse::handlers
