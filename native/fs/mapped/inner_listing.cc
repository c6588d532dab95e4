// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/inner_listing.h"

#include <array>
#include <cstring>
#include <span>

namespace vfsd::fs::mapped {
namespace {

using Names = std::vector<std::string>;

/** Takes the names out of a reply, `most` altogether; answers where the next one goes on. */
uint64_t TakeNames(std::span<const std::byte> reply, size_t most, Names& names) {
  uint64_t next = 0;
  while (!reply.empty() && names.size() < most) {
    abi::fuse_dirent dirent;
    std::memcpy(&dirent, reply.data(), sizeof dirent);
    const std::string name(reinterpret_cast<const char*>(reply.data()) + sizeof dirent,
                           dirent.namelen);
    if (name != "." && name != "..") {
      names.push_back(name);
    }
    next = dirent.off;
    const size_t bare = sizeof dirent + dirent.namelen;
    reply = reply.subspan((bare + abi::kDirentAlignment - 1) / abi::kDirentAlignment *
                          abi::kDirentAlignment);
  }
  return next;
}

}  // namespace

Result<Names> ListNames(fuse::FileSystem& inner, fuse::RequestContext& context,
                        fuse::NodeId directory, size_t most) {
  const auto opened = inner.OpenDir(context, directory);
  if (!opened) {
    return opened.error();
  }
  const fuse::FileHandle handle{opened->fh};
  Names names;
  Status read;
  for (uint64_t offset = 0; names.size() < most;) {
    std::array<std::byte, 4096> reply;
    iovec piece = {reply.data(), reply.size()};
    memory::SegmentCursor out(piece);
    fuse::DirentWriter writer(out, reply.size(), false);
    read = inner.ReadDir(context, directory, handle, offset, writer);
    if (!read || out.consumed() == 0) {
      break;
    }
    offset = TakeNames(std::span(reply).first(out.consumed()), most, names);
  }
  static_cast<void>(inner.ReleaseDir(context, directory, handle));
  return read ? Result(std::move(names)) : read.error();
}

}  // namespace vfsd::fs::mapped
