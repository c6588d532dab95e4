// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "../fuse/awake_always.h"
#include "fuse/file_system.h"

namespace vfsd::testing {

/**
 * The host as a decorator sees it, in memory: a directory with one file in it, called "file", that
 * has an owner and extended attributes. Notes what changes something, in order.
 */
class OneFile final : public fuse::FileSystem {
 public:
  static constexpr fuse::NodeId kFile{2};

  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = S_IFREG | 0644;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> calls;
  fuse::Caller caller{};
  std::optional<identity::GuestGid> group;
  uint32_t new_mode = 0;
  std::vector<std::pair<std::string, std::string>> labels;
  int lookups = 0;
  /** What is missing is answered with an entry that has no node. */
  bool remembers_missing = false;
  /** What RemoveXattr answers instead of removing. */
  std::optional<Errno> removal_error;
  /** Runs within WRITE. */
  std::function<void()> during_write = [] {};

  Result<abi::fuse_entry_out> Lookup(fuse::RequestContext&, fuse::NodeId,
                                     const fuse::Name& name) override {
    if (name.view() != "file") {
      return remembers_missing ? Result(abi::fuse_entry_out{}) : Errno(ENOENT);
    }
    return Entry();
  }
  void Forget(fuse::NodeId, uint64_t nlookup) override { lookups -= static_cast<int>(nlookup); }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return Attributes();
  }
  Result<abi::fuse_statx_out> Statx(fuse::RequestContext&, fuse::NodeId, uint32_t) override {
    abi::fuse_statx_out out = {};
    out.stat.uid = uid;
    out.stat.gid = gid;
    return out;
  }
  Result<abi::fuse_attr_out> SetAttr(fuse::RequestContext& context, fuse::NodeId,
                                     const abi::fuse_setattr_in& in) override {
    Note("SETATTR", context);
    uid = (in.valid & abi::FATTR_UID) != 0 ? in.uid : uid;
    gid = (in.valid & abi::FATTR_GID) != 0 ? in.gid : gid;
    return Attributes();
  }
  Status Access(fuse::RequestContext&, fuse::NodeId, uint32_t mask) override {
    return (mode >> 6 & mask) == mask ? Status() : Status(Errno(EACCES));
  }
  Result<abi::fuse_entry_out> MkNod(fuse::RequestContext& context, fuse::NodeId, const fuse::Name&,
                                    const fuse::NewObject& object, uint32_t) override {
    return Make("MKNOD", context, object);
  }
  Result<abi::fuse_entry_out> MkDir(fuse::RequestContext& context, fuse::NodeId, const fuse::Name&,
                                    const fuse::NewObject& object) override {
    return Make("MKDIR", context, object);
  }
  Result<abi::fuse_entry_out> Symlink(fuse::RequestContext& context, fuse::NodeId,
                                      const fuse::Name&, const char*,
                                      const fuse::NewObject& object) override {
    return Make("SYMLINK", context, object);
  }
  Result<abi::fuse_entry_out> Link(fuse::RequestContext& context, fuse::NodeId, fuse::NodeId,
                                   const fuse::Name&) override {
    Note("LINK", context);
    return Entry();
  }
  Result<fuse::Created> Create(fuse::RequestContext& context, fuse::NodeId, const fuse::Name& name,
                               const fuse::NewObject& object,
                               const abi::fuse_open_in& in) override {
    if (name.view() == "file") {
      return Errno((in.flags & O_EXCL) != 0 ? EEXIST : ESTALE);
    }
    return fuse::Created{Make("CREATE", context, object), {}};
  }
  Result<fuse::Created> TmpFile(fuse::RequestContext& context, fuse::NodeId,
                                const fuse::NewObject& object, const abi::fuse_open_in&) override {
    return fuse::Created{Make("TMPFILE", context, object), {}};
  }
  Result<abi::fuse_open_out> Open(fuse::RequestContext& context, fuse::NodeId,
                                  const abi::fuse_open_in&) override {
    Note("OPEN", context);
    return abi::fuse_open_out{};
  }
  Result<size_t> Write(fuse::RequestContext& context, fuse::NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor&) override {
    during_write();
    Note("WRITE", context);
    return size_t{1};
  }
  Status Fallocate(fuse::RequestContext& context, fuse::NodeId,
                   const abi::fuse_fallocate_in&) override {
    Note("FALLOCATE", context);
    return {};
  }
  Result<size_t> CopyFileRange(fuse::RequestContext& context, fuse::NodeId,
                               const abi::fuse_copy_file_range_in&) override {
    Note("COPY_FILE_RANGE", context);
    return size_t{1};
  }
  Result<size_t> Ioctl(fuse::RequestContext& context, fuse::NodeId, const abi::fuse_ioctl_in&,
                       std::span<const std::byte>, std::span<std::byte>) override {
    Note("IOCTL", context);
    return size_t{0};
  }
  Status ReadDir(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle, uint64_t,
                 fuse::DirentWriter& out) override {
    const fuse::DirentWriter::Entry dirent = {
        .name = "file", .ino = 2, .next_offset = 1, .type = 8};
    if (out.plus()) {
      out.AddPlus(dirent, Entry());
      out.AddPlus(dirent, {});
    } else {
      out.Add(dirent);
    }
    return {};
  }
  Status SetXattr(fuse::RequestContext& context, fuse::NodeId, const char* name,
                  std::span<const std::byte> value, const abi::fuse_setxattr_in& in) override {
    Note(std::string("SETXATTR ") + name, context);
    attributes[name] = Text(value);
    return in.size == value.size() ? Status() : Status(Errno(EINVAL));
  }
  Result<size_t> GetXattr(fuse::RequestContext&, fuse::NodeId node, const char* name,
                          std::span<std::byte> value) override {
    const auto found = attributes.find(name);
    if (node != kFile || found == attributes.end()) {
      return Errno(ENODATA);
    }
    return Answer(found->second, value);
  }
  Result<size_t> ListXattr(fuse::RequestContext&, fuse::NodeId,
                           std::span<std::byte> names) override {
    std::string list;
    for (const auto& [name, value] : attributes) {
      list += name + '\0';
    }
    return Answer(list, names);
  }
  Status RemoveXattr(fuse::RequestContext& context, fuse::NodeId, const char* name) override {
    if (removal_error) {
      return *removal_error;
    }
    Note(std::string("REMOVEXATTR ") + name, context);
    return attributes.erase(name) > 0 ? Status() : Status(Errno(ENODATA));
  }

 private:
  static std::string Text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  static Result<size_t> Answer(const std::string& text, std::span<std::byte> out) {
    if (!out.empty()) {
      if (text.size() > out.size()) {
        return Errno(ERANGE);
      }
      std::memcpy(out.data(), text.data(), text.size());
    }
    return text.size();
  }

  void Note(std::string call, const fuse::RequestContext& context) {
    calls.push_back(std::move(call));
    caller = context.caller;
  }

  abi::fuse_attr_out Attributes() const { return {.attr = {.mode = mode, .uid = uid, .gid = gid}}; }

  abi::fuse_entry_out Entry() {
    ++lookups;
    return {.nodeid = static_cast<uint64_t>(kFile), .attr = Attributes().attr};
  }

  abi::fuse_entry_out Make(const char* call, const fuse::RequestContext& context,
                           const fuse::NewObject& object) {
    Note(call, context);
    group = object.supplementary_group;
    new_mode = object.mode;
    labels.clear();
    for (const fuse::SecurityLabel& label : object.labels) {
      labels.emplace_back(label.name, Text(label.value));
    }
    return Entry();
  }
};

}  // namespace vfsd::testing
