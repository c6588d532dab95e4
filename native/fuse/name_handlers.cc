// SPDX-License-Identifier: Apache-2.0
#include <climits>

#include "fuse/new_object_reader.h"
#include "fuse/operations.h"

namespace vfsd::fuse::handlers {
namespace {

// A symbolic link has no permissions of its own.
constexpr uint32_t kSymlinkMode = 0777;

Status ReplyEntry(Request& request, const Result<abi::fuse_entry_out>& entry) {
  return entry ? request.Reply(*entry) : entry.error();
}

Status RenameWithFlags(Service& service, Request& request, uint64_t new_parent, uint32_t flags) {
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  const Result<Name> new_name = request.body.EntryName();
  if (!new_name) {
    return new_name.error();
  }
  return service.file_system.Rename(request.context, request.node(), *name, NodeId{new_parent},
                                    *new_name, flags);
}

}  // namespace

Status MkNod(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_mknod_in>();
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  NewObjectReader object;
  const Status read = object.Read(request, in.mode, in.umask);
  if (!read) {
    return read;
  }
  return ReplyEntry(request, service.file_system.MkNod(request.context, request.node(), *name,
                                                       object.get(), in.rdev));
}

Status MkDir(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_mkdir_in>();
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  NewObjectReader object;
  const Status read = object.Read(request, in.mode, in.umask);
  if (!read) {
    return read;
  }
  return ReplyEntry(
      request, service.file_system.MkDir(request.context, request.node(), *name, object.get()));
}

Status Symlink(Service& service, Request& request) {
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  // The target is the guest's text: it may hold anything, and is never followed by the daemon.
  const Result<std::string_view> target = request.body.String();
  if (!target) {
    return target.error();
  }
  if (target->size() >= PATH_MAX) {
    return Errno(ENAMETOOLONG);
  }
  NewObjectReader object;
  const Status read = object.Read(request, kSymlinkMode, 0);
  if (!read) {
    return read;
  }
  return ReplyEntry(request, service.file_system.Symlink(request.context, request.node(), *name,
                                                         target->data(), object.get()));
}

Status Link(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_link_in>();
  const Result<Name> name = request.body.EntryName();
  if (!name) {
    return name.error();
  }
  return ReplyEntry(request, service.file_system.Link(request.context, NodeId{in.oldnodeid},
                                                      request.node(), *name));
}

Status Unlink(Service& service, Request& request) {
  const Result<Name> name = request.body.EntryName();
  return name ? service.file_system.Unlink(request.context, request.node(), *name) : name.error();
}

Status RmDir(Service& service, Request& request) {
  const Result<Name> name = request.body.EntryName();
  return name ? service.file_system.RmDir(request.context, request.node(), *name) : name.error();
}

Status Rename(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_rename_in>();
  return RenameWithFlags(service, request, in.newdir, 0);
}

Status Rename2(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_rename2_in>();
  return RenameWithFlags(service, request, in.newdir, in.flags);
}

}  // namespace vfsd::fuse::handlers
