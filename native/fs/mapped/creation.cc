// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <utility>

#include "fs/mapped/access_list.h"
#include "fs/mapped/inner_file.h"
#include "fs/mapped/mapped.h"
#include "fs/mapped/shown_attributes.h"
#include "fs/posix_acl.h"

namespace vfsd::fs::mapped {
namespace {

constexpr identity::GuestUid kRoot{0};
constexpr abi::fuse_open_in kReadWrite{O_RDWR, 0};

/** Whether who makes something may give it the set-group-ID bit in a directory that hands its group
 * down (CVE-2018-13405). */
bool MayKeepSetGroupId(const fuse::RequestContext& context, const fuse::NewObject& object,
                       identity::GuestGid group) {
  return context.caller.uid == kRoot || context.caller.gid == group ||
         object.supplementary_group == group;
}

/** What a file without a name is opened by: it is going to get one, and cannot be made for reading
 * alone. What the guest's program may do with it is for the guest's kernel to watch. */
abi::fuse_open_in Unnamed(abi::fuse_open_in in) {
  in.flags &= ~static_cast<uint32_t>(O_EXCL);
  if ((in.flags & O_ACCMODE) == O_RDONLY) {
    in.flags |= O_RDWR;
  }
  return in;
}

/** The host's file system has no files without a name. */
bool HasNoUnnamed(Errno error) {
  return error == Errno(EOPNOTSUPP) || error == Errno(EISDIR);
}

}  // namespace

Result<std::vector<std::byte>> Mapped::DefaultListOf(RequestContext& context, NodeId directory) {
  if (!context.Negotiated(abi::FUSE_POSIX_ACL)) {
    return std::vector<std::byte>();
  }
  const char* const name = HostNameOfList(kDefaultList);
  const auto length = inner_.GetXattr(context, directory, name, {});
  if (!length || *length == 0) {
    const bool none = length || length.error() == Errno(ENODATA) ||
                      length.error() == Errno(EOPNOTSUPP) || length.error() == Errno(ENOSYS);
    return none ? Result(std::vector<std::byte>()) : length.error();
  }
  std::vector<std::byte> list(*length);
  const auto read = inner_.GetXattr(context, directory, name, list);
  if (!read) {
    return read.error();
  }
  list.resize(*read);
  return list;
}

Result<Mapped::NewAttributes> Mapped::AttributesOfNew(RequestContext& context, NodeId parent,
                                                      const NewObject& object, uint32_t mode) {
  const auto directory = GetAttr(context, parent);
  if (!directory) {
    return directory.error();
  }
  NewAttributes wanted;
  wanted.labels = object.labels;
  wanted.stored.uid = static_cast<uint32_t>(context.caller.uid);
  wanted.stored.gid = static_cast<uint32_t>(context.caller.gid);
  if ((directory->attr.mode & S_ISGID) != 0) {
    wanted.stored.gid = directory->attr.gid;
    constexpr uint32_t kRunsAsGroup = S_ISGID | S_IXGRP;
    if (S_ISDIR(mode)) {
      mode |= S_ISGID;
    } else if ((mode & kRunsAsGroup) == kRunsAsGroup &&
               !MayKeepSetGroupId(context, object, identity::GuestGid{directory->attr.gid})) {
      mode &= ~static_cast<uint32_t>(S_ISGID);
    }
  }
  if (S_ISLNK(mode)) {
    wanted.stored.mode = mode;
    return wanted;
  }
  auto list = DefaultListOf(context, parent);
  if (!list) {
    return list.error();
  }
  if (list->empty()) {
    wanted.stored.mode = mode & ~(object.umask & 0777u);
    return wanted;
  }
  if (S_ISDIR(mode)) {
    wanted.default_list = *list;
  }
  const auto inherited = InheritList(*list, mode);
  if (!inherited) {
    return inherited.error();
  }
  wanted.stored.mode = (mode & ~0777u) | inherited->permissions;
  if (!inherited->is_mode) {
    wanted.access_list = std::move(*list);
  }
  return wanted;
}

Status Mapped::Furnish(RequestContext& self, NodeId node, const NewAttributes& wanted,
                       std::optional<FileHandle> handle) {
  Status done = StoreInObject(self, node, wanted.stored);
  for (const fuse::SecurityLabel& label : wanted.labels) {
    if (!done) {
      return done;
    }
    done = SetXattr(self, node, label.name, label.value,
                    {static_cast<uint32_t>(label.value.size()), 0, 0, 0});
  }
  if (done && !wanted.access_list.empty()) {
    done = SetInnerXattr(self, node, HostNameOfList(kAccessList), wanted.access_list);
  }
  if (done && !wanted.default_list.empty()) {
    done = SetInnerXattr(self, node, HostNameOfList(kDefaultList), wanted.default_list);
  }
  if (done && handle && !wanted.content.empty()) {
    InnerFile file(inner_, self, node, *handle);
    done = file.Write(wanted.content);
    file.Keep();
  }
  return done;
}

void Mapped::Discard(RequestContext& self, const fuse::Created& made) {
  const NodeId node{made.entry.nodeid};
  static_cast<void>(inner_.Release(self, node, {made.open.fh, 0, 0, 0}));
  inner_.Forget(node, 1);
}

Result<fuse::Created> Mapped::MakeFile(RequestContext& context, NodeId parent, const Name& name,
                                       const NewAttributes& wanted, const abi::fuse_open_in& in) {
  RequestContext self = AsSelf(context);
  const NewObject host = {.mode = options_.file_mode};
  auto made = inner_.TmpFile(self, parent, host, Unnamed(in));
  if (!made && HasNoUnnamed(made.error())) {
    made = MakeNamedFile(self, parent, name, wanted, in);
  } else if (made) {
    const NodeId node{made->entry.nodeid};
    Status done = Furnish(self, node, wanted, FileHandle{made->open.fh});
    if (done) {
      done = StoreForName(self, parent, name, wanted.stored);
    }
    if (done) {
      const auto linked = inner_.Link(self, node, parent, name);
      if (linked) {
        made->entry = *linked;
        inner_.Forget(node, 1);
      } else {
        WithdrawName(self, parent, name);
        done = linked.error();
      }
    }
    if (!done) {
      Discard(self, *made);
      return done.error();
    }
  }
  if (!made) {
    return made;
  }
  const auto entry = Present(self, parent, name, made->entry);
  if (!entry) {
    static_cast<void>(inner_.Release(self, NodeId{made->entry.nodeid}, {made->open.fh, 0, 0, 0}));
    return entry.error();
  }
  made->entry = *entry;
  return made;
}

Result<fuse::Created> Mapped::MakeNamedFile(RequestContext& self, NodeId parent, const Name& name,
                                            const NewAttributes& wanted,
                                            const abi::fuse_open_in& in) {
  const Status stored = StoreForName(self, parent, name, wanted.stored);
  if (!stored) {
    return stored.error();
  }
  const NewObject host = {.mode = options_.file_mode};
  auto made =
      inner_.Create(self, parent, name, host, {in.flags | static_cast<uint32_t>(O_EXCL), 0});
  if (!made) {
    WithdrawName(self, parent, name);
    return made;
  }
  const Status furnished =
      Furnish(self, NodeId{made->entry.nodeid}, wanted, FileHandle{made->open.fh});
  if (!furnished) {
    Discard(self, *made);
    // What could not be made whole must not be there. If it cannot be taken away either, the guest
    // sees it as what it is on the host.
    static_cast<void>(inner_.Unlink(self, parent, name));
    WithdrawName(self, parent, name);
    return furnished.error();
  }
  return made;
}

Result<abi::fuse_entry_out> Mapped::MakeClosedFile(RequestContext& context, NodeId parent,
                                                   const Name& name, const NewAttributes& wanted) {
  const auto made = MakeFile(context, parent, name, wanted, kReadWrite);
  if (!made) {
    return made.error();
  }
  static_cast<void>(inner_.Release(context, NodeId{made->entry.nodeid}, {made->open.fh, 0, 0, 0}));
  return made->entry;
}

Result<abi::fuse_entry_out> Mapped::MkNod(RequestContext& context, NodeId parent, const Name& name,
                                          const NewObject& object, uint32_t device) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  const uint32_t given = object.mode & S_IFMT;
  const uint32_t type = given == 0 ? S_IFREG : given;
  if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK && !IsDevice(type)) {
    // As mknod(2) has it.
    return Errno(type == S_IFDIR ? EPERM : EINVAL);
  }
  auto wanted = AttributesOfNew(context, parent, object, type | (object.mode & kModeBits));
  if (!wanted) {
    return wanted.error();
  }
  wanted->stored.rdev = IsDevice(type) ? DecodeDevice(device) : 0;
  return MakeClosedFile(context, parent, name, *wanted);
}

Result<abi::fuse_entry_out> Mapped::Symlink(RequestContext& context, NodeId parent,
                                            const Name& name, const char* target,
                                            const NewObject& object) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  auto wanted = AttributesOfNew(context, parent, object, S_IFLNK | 0777);
  if (!wanted) {
    return wanted.error();
  }
  wanted->content = target;
  return MakeClosedFile(context, parent, name, *wanted);
}

Result<abi::fuse_entry_out> Mapped::MkDir(RequestContext& context, NodeId parent, const Name& name,
                                          const NewObject& object) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  const auto wanted = AttributesOfNew(context, parent, object, S_IFDIR | (object.mode & kModeBits));
  if (!wanted) {
    return wanted.error();
  }
  RequestContext self = AsSelf(context);
  const Status stored = StoreForName(self, parent, name, wanted->stored);
  if (!stored) {
    return stored.error();
  }
  const NewObject host = {.mode = options_.directory_mode};
  const auto made = inner_.MkDir(self, parent, name, host);
  if (!made) {
    WithdrawName(self, parent, name);
    return made;
  }
  const NodeId node{made->nodeid};
  const Status furnished = Furnish(self, node, *wanted, std::nullopt);
  if (!furnished) {
    inner_.Forget(node, 1);
    static_cast<void>(inner_.RmDir(self, parent, name));
    WithdrawName(self, parent, name);
    return furnished.error();
  }
  return Present(self, parent, name, made);
}

Result<fuse::Created> Mapped::Create(RequestContext& context, NodeId parent, const Name& name,
                                     const NewObject& object, const abi::fuse_open_in& in) {
  if (Hides(name.view())) {
    return Errno(EINVAL);
  }
  const auto wanted = AttributesOfNew(context, parent, object, S_IFREG | (object.mode & kModeBits));
  if (!wanted) {
    return wanted.error();
  }
  auto made = MakeFile(context, parent, name, *wanted, in);
  // Somebody has made it since the guest looked: it is to look again, and decide who may open it.
  const bool may_exist =
      !made && made.error() == Errno(EEXIST) && (in.flags & static_cast<uint32_t>(O_EXCL)) == 0;
  return may_exist ? Errno(ESTALE) : made;
}

Result<fuse::Created> Mapped::TmpFile(RequestContext& context, NodeId parent,
                                      const NewObject& object, const abi::fuse_open_in& in) {
  const auto wanted = AttributesOfNew(context, parent, object, S_IFREG | (object.mode & kModeBits));
  if (!wanted) {
    return wanted.error();
  }
  RequestContext self = AsSelf(context);
  const NewObject host = {.mode = options_.file_mode};
  auto made = inner_.TmpFile(self, parent, host, in);
  if (!made) {
    return made;
  }
  const NodeId node{made->entry.nodeid};
  Status done = Furnish(self, node, *wanted, std::nullopt);
  if (done) {
    done = StoreUnnamed(self, parent, node, wanted->stored);
  }
  if (!done) {
    Discard(self, *made);
    return done.error();
  }
  Show(self, wanted->stored, made->entry);
  return made;
}

}  // namespace vfsd::fs::mapped
