// SPDX-License-Identifier: Apache-2.0
#include "watched_file_system.h"

#include <linux/limits.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "abi/posix_acl.h"
#include "input.h"

namespace vfsd::fuzz {
namespace {

using fuse::Name;
using fuse::NewObject;

/** Reads all of it, which a sanitizer then has an opinion about. */
void Touch(std::span<const std::byte> bytes) {
  volatile unsigned sum = 0;
  for (const std::byte byte : bytes) {
    sum = sum + static_cast<unsigned>(byte);
  }
}

void CheckText(const char* text) {
  Touch(std::as_bytes(std::span(text, std::strlen(text) + 1)));
}

void CheckName(const Name& name) {
  const std::string_view text = name.view();
  Require(!text.empty() && text.size() <= NAME_MAX, "a name has 1 to 255 bytes");
  Require(text != "." && text != "..", "a name leads nowhere else");
  Require(text.find('/') == std::string_view::npos, "a name is one component");
  Require(std::strlen(name.c_str()) == text.size(), "a name is terminated");
}

void CheckAttributeName(const char* name) {
  const size_t length = std::strlen(name);
  Require(length > 0 && length <= XATTR_NAME_MAX, "an attribute's name has 1 to 255 bytes");
}

void CheckObject(const NewObject& object) {
  for (const fuse::SecurityLabel& label : object.labels) {
    CheckAttributeName(label.name);
    Touch(label.value);
  }
}

abi::fuse_entry_out SomeEntry(uint32_t mode) {
  return {.nodeid = 9, .attr = {.ino = 9, .mode = mode, .nlink = 1, .uid = 1000, .gid = 1000}};
}

/** The length that there is, or as much as fits. */
Result<size_t> Fill(std::span<std::byte> room, std::span<const std::byte> value) {
  if (room.empty()) {
    return value.size();
  }
  if (room.size() < value.size()) {
    return Errno(ERANGE);
  }
  std::ranges::copy(value, room.begin());
  return value.size();
}

}  // namespace

Result<abi::fuse_entry_out> WatchedFileSystem::Lookup(RequestContext& context, NodeId node,
                                                      const Name& name) {
  CheckName(name);
  return inner_.Lookup(context, node, name);
}

Result<abi::fuse_attr_out> WatchedFileSystem::SetAttr(RequestContext& context, NodeId node,
                                                      const abi::fuse_setattr_in& in) {
  Touch(std::as_bytes(std::span(&in, 1)));
  return inner_.SetAttr(context, node, in);
}

Result<size_t> WatchedFileSystem::ReadLink(RequestContext&, NodeId node, std::span<char> target) {
  const size_t length = static_cast<uint64_t>(node) % (target.size() + 1);
  std::ranges::fill(target.first(length), 't');
  return length;
}

Result<abi::fuse_entry_out> WatchedFileSystem::MkNod(RequestContext&, NodeId, const Name& name,
                                                     const NewObject& object, uint32_t) {
  CheckName(name);
  CheckObject(object);
  return SomeEntry(object.mode);
}

Result<abi::fuse_entry_out> WatchedFileSystem::MkDir(RequestContext& context, NodeId node,
                                                     const Name& name, const NewObject& object) {
  CheckName(name);
  CheckObject(object);
  return inner_.MkDir(context, node, name, object);
}

Result<abi::fuse_entry_out> WatchedFileSystem::Symlink(RequestContext&, NodeId, const Name& name,
                                                       const char* target,
                                                       const NewObject& object) {
  CheckName(name);
  CheckText(target);
  CheckObject(object);
  return SomeEntry(S_IFLNK | 0777u);
}

Result<abi::fuse_entry_out> WatchedFileSystem::Link(RequestContext&, NodeId, NodeId,
                                                    const Name& name) {
  CheckName(name);
  return SomeEntry(S_IFREG);
}

Status WatchedFileSystem::Unlink(RequestContext&, NodeId, const Name& name) {
  CheckName(name);
  return {};
}

Status WatchedFileSystem::RmDir(RequestContext&, NodeId, const Name& name) {
  CheckName(name);
  return {};
}

Status WatchedFileSystem::Rename(RequestContext&, NodeId, const Name& name, NodeId,
                                 const Name& new_name, uint32_t) {
  CheckName(name);
  CheckName(new_name);
  return {};
}

Result<fuse::Created> WatchedFileSystem::Create(RequestContext& context, NodeId node,
                                                const Name& name, const NewObject& object,
                                                const abi::fuse_open_in& in) {
  CheckName(name);
  CheckObject(object);
  return inner_.Create(context, node, name, object, in);
}

Result<fuse::Created> WatchedFileSystem::TmpFile(RequestContext&, NodeId, const NewObject& object,
                                                 const abi::fuse_open_in&) {
  CheckObject(object);
  return fuse::Created{SomeEntry(S_IFREG | object.mode), {.fh = 2}};
}

Status WatchedFileSystem::Read(RequestContext& context, NodeId node, const abi::fuse_read_in& in,
                               memory::SegmentCursor& to) {
  Require(to.remaining() <= in.size, "the room for READ is no larger than asked for");
  abi::fuse_read_in fitting = in;
  fitting.size = static_cast<uint32_t>(to.remaining());
  // Where that leaves something, the file has ended.
  return inner_.Read(context, node, fitting, to);
}

Result<size_t> WatchedFileSystem::Write(RequestContext&, NodeId, const abi::fuse_write_in& in,
                                        memory::SegmentCursor& from) {
  Require(from.remaining() == in.size, "WRITE has as many bytes as it says");
  std::array<std::byte, 256> piece;
  while (from.remaining() > 0) {
    const size_t size = std::min<uint64_t>(piece.size(), from.remaining());
    Require(from.Read(piece.data(), size), "the bytes of a WRITE are there");
    Touch(std::span(piece).first(size));
  }
  return size_t{in.size};
}

Status WatchedFileSystem::SetLk(RequestContext& context, NodeId, const abi::fuse_lk_in&,
                                bool wait) {
  if (!wait || context.deferral == nullptr) {
    return {};
  }
  auto answer = context.deferral->Defer();
  if (answer == nullptr) {
    return Errno(ENOLCK);
  }
  waiting_.push_back(std::move(answer));
  return {};
}

Result<size_t> WatchedFileSystem::Ioctl(RequestContext&, NodeId, const abi::fuse_ioctl_in& in,
                                        std::span<const std::byte> input,
                                        std::span<std::byte> output) {
  Require(input.size() == in.in_size, "IOCTL has as many bytes as it says");
  Require(output.size() <= in.out_size, "the room for IOCTL is no larger than asked for");
  Touch(input);
  std::ranges::fill(output, std::byte{'o'});
  return output.size();
}

Status WatchedFileSystem::SetXattr(RequestContext&, NodeId, const char* name,
                                   std::span<const std::byte> value,
                                   const abi::fuse_setxattr_in& in) {
  CheckAttributeName(name);
  Require(value.size() <= in.size, "a value is no longer than it was");
  Touch(value);
  return {};
}

Result<size_t> WatchedFileSystem::GetXattr(RequestContext&, NodeId, const char* name,
                                           std::span<std::byte> value) {
  CheckAttributeName(name);
  if (std::strstr(name, "posix_acl") == nullptr) {
    static constexpr std::array<std::byte, 20> kValue = {};
    return Fill(value, kValue);
  }
  struct [[gnu::packed]] List {
    abi::posix_acl_xattr_header header{abi::POSIX_ACL_XATTR_VERSION};
    abi::posix_acl_xattr_entry entries[4] = {{abi::ACL_USER_OBJ, 6, abi::ACL_UNDEFINED_ID},
                                             {abi::ACL_USER, 6, 1},
                                             {abi::ACL_USER, 4, 5},
                                             {abi::ACL_OTHER, 0, abi::ACL_UNDEFINED_ID}};
  };
  static constexpr List kList;
  return Fill(value, std::as_bytes(std::span(&kList, 1)));
}

Result<size_t> WatchedFileSystem::ListXattr(RequestContext&, NodeId, std::span<std::byte> names) {
  static constexpr char kNames[] = "user.a\0mapped.user.b\0system.posix_acl_access\0mapped.";
  return Fill(names, std::as_bytes(std::span(kNames)));
}

Status WatchedFileSystem::RemoveXattr(RequestContext&, NodeId, const char* name) {
  CheckAttributeName(name);
  return {};
}

}  // namespace vfsd::fuzz
