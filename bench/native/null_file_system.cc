// SPDX-License-Identifier: Apache-2.0
#include "null_file_system.h"

#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstring>

namespace vfsd::bench {
namespace {

using abi::fuse_attr;
using abi::fuse_attr_out;
using abi::fuse_entry_out;
using fuse::DirentWriter;
using fuse::Name;
using fuse::NodeId;

constexpr uint64_t kFile = 2;
constexpr uint64_t kData = 3;
constexpr uint64_t kDirectory = 4;
constexpr uint64_t kOther = 5;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kListed = 500;
constexpr size_t kValueSize = 64;
constexpr uint64_t kValidSeconds = 1;

uint64_t SizeOf(uint64_t node) {
  return node == kFile ? 7 : node == kData ? NullFileSystem::kDataSize : 0;
}

bool IsDirectory(uint64_t node) {
  return node == kDirectory || node == abi::FUSE_ROOT_ID;
}

fuse_attr AttributesOf(uint64_t node) {
  return {.ino = node,
          .size = SizeOf(node),
          .mode = IsDirectory(node) ? S_IFDIR | 0755u : S_IFREG | 0644u,
          .nlink = 1,
          .blksize = kPage};
}

fuse_attr_out AttrOf(uint64_t node) {
  return {.attr_valid = kValidSeconds, .attr = AttributesOf(node)};
}

fuse_entry_out EntryOf(uint64_t node) {
  return {.nodeid = node,
          .entry_valid = kValidSeconds,
          .attr_valid = kValidSeconds,
          .attr = AttributesOf(node)};
}

}  // namespace

Result<fuse_entry_out> NullFileSystem::Lookup(fuse::RequestContext&, NodeId, const Name& name) {
  const std::string_view text = name.view();
  if (text == "file") {
    return EntryOf(kFile);
  }
  if (text == "no such name") {
    return Errno(ENOENT);
  }
  if (text == "data") {
    return EntryOf(kData);
  }
  const bool directory = text == "created" || text == "many" || text == "listed" || text == "own";
  return EntryOf(directory ? kDirectory : kOther);
}

Result<fuse_attr_out> NullFileSystem::GetAttr(fuse::RequestContext&, NodeId node) {
  return AttrOf(static_cast<uint64_t>(node));
}

Result<fuse_attr_out> NullFileSystem::SetAttr(fuse::RequestContext&, NodeId node,
                                              const abi::fuse_setattr_in& in) {
  fuse_attr_out out = AttrOf(static_cast<uint64_t>(node));
  if ((in.valid & abi::FATTR_MODE) != 0) {
    out.attr.mode = in.mode;
  }
  out.attr.atime = in.atime;
  out.attr.mtime = in.mtime;
  out.attr.atimensec = in.atimensec;
  out.attr.mtimensec = in.mtimensec;
  return out;
}

Result<abi::fuse_kstatfs> NullFileSystem::StatFs(fuse::RequestContext&, NodeId) {
  return abi::fuse_kstatfs{.blocks = 1, .bsize = kPage, .namelen = NAME_MAX, .frsize = kPage};
}

Result<fuse_entry_out> NullFileSystem::MkDir(fuse::RequestContext&, NodeId, const Name&,
                                             const fuse::NewObject& made) {
  fuse_entry_out entry = EntryOf(kDirectory);
  entry.attr.mode = S_IFDIR | made.mode;
  return entry;
}

Status NullFileSystem::Unlink(fuse::RequestContext&, NodeId, const Name&) {
  return {};
}

Status NullFileSystem::RmDir(fuse::RequestContext&, NodeId, const Name&) {
  return {};
}

Status NullFileSystem::Rename(fuse::RequestContext&, NodeId, const Name&, NodeId, const Name&,
                              uint32_t) {
  return {};
}

Result<abi::fuse_open_out> NullFileSystem::Open(fuse::RequestContext&, NodeId,
                                                const abi::fuse_open_in&) {
  return abi::fuse_open_out{.fh = 1};
}

Result<fuse::Created> NullFileSystem::Create(fuse::RequestContext&, NodeId, const Name&,
                                             const fuse::NewObject&, const abi::fuse_open_in&) {
  return fuse::Created{EntryOf(kOther), {.fh = 1}};
}

Status NullFileSystem::Read(fuse::RequestContext&, NodeId, const abi::fuse_read_in& in,
                            memory::SegmentCursor& to) {
  // Only what tells the pages apart: the bytes between are what a system call would write.
  for (uint64_t done = 0; done + kPage <= in.size; done += kPage) {
    const uint64_t page = (in.offset + done) / kPage;
    if (!to.Write(&page, sizeof page)) {
      return Errno(EIO);
    }
    to.Skip(kPage - 2 * sizeof page);
    to.Write(&page, sizeof page);
  }
  return {};
}

Result<size_t> NullFileSystem::Write(fuse::RequestContext&, NodeId, const abi::fuse_write_in& in,
                                     memory::SegmentCursor& from) {
  from.Skip(in.size);
  return size_t{in.size};
}

Status NullFileSystem::Release(fuse::RequestContext&, NodeId, const abi::fuse_release_in&) {
  return {};
}

Result<abi::fuse_open_out> NullFileSystem::OpenDir(fuse::RequestContext&, NodeId) {
  return abi::fuse_open_out{.fh = 1};
}

Status NullFileSystem::ReadDir(fuse::RequestContext&, NodeId, fuse::FileHandle, uint64_t offset,
                               DirentWriter& out) {
  std::array<char, 32> name = {};
  constexpr std::string_view kPrefix = "name number ";
  std::memcpy(name.data(), kPrefix.data(), kPrefix.size());
  char* const digits = name.data() + kPrefix.size();
  for (uint64_t i = offset; i < kListed; ++i) {
    const char* const end = std::to_chars(digits, name.data() + name.size(), i).ptr;
    const DirentWriter::Entry entry = {
        .name = {name.data(), end}, .ino = kOther, .next_offset = i + 1, .type = S_IFREG >> 12};
    if (!out.Fits(entry.name)) {
      break;
    }
    if (out.plus()) {
      out.AddPlus(entry, EntryOf(kOther));
    } else {
      out.Add(entry);
    }
  }
  return {};
}

Status NullFileSystem::ReleaseDir(fuse::RequestContext&, NodeId, fuse::FileHandle) {
  return {};
}

Result<size_t> NullFileSystem::GetXattr(fuse::RequestContext&, NodeId, const char* name,
                                        std::span<std::byte> value) {
  if (std::strcmp(name, "user.bench") != 0) {
    return Errno(ENODATA);
  }
  if (value.size() < kValueSize) {
    return value.empty() ? Result<size_t>(kValueSize) : Errno(ERANGE);
  }
  std::memset(value.data(), 'v', kValueSize);
  return kValueSize;
}

}  // namespace vfsd::bench
