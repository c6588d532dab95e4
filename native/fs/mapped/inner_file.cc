// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/inner_file.h"

#include <fcntl.h>

#include <utility>

namespace vfsd::fs::mapped {

using fuse::FileHandle;

Result<InnerFile> InnerFile::Open(fuse::FileSystem& inner, fuse::RequestContext& context,
                                  fuse::NodeId node, int flags) {
  const auto opened = inner.Open(context, node, {static_cast<uint32_t>(flags), 0});
  return opened ? Result(InnerFile(inner, context, node, FileHandle{opened->fh})) : opened.error();
}

InnerFile::InnerFile(InnerFile&& other) noexcept
    : inner_(std::exchange(other.inner_, nullptr)),
      context_(other.context_),
      node_(other.node_),
      handle_(other.handle_) {}

InnerFile::~InnerFile() {
  if (inner_ != nullptr) {
    // It answers an error only for a handle that is none: a hostile guest may have guessed it and
    // closed it.
    static_cast<void>(inner_->Release(*context_, node_, {static_cast<uint64_t>(handle_), 0, 0, 0}));
  }
}

Result<size_t> InnerFile::Read(std::span<char> bytes) const {
  iovec piece = {bytes.data(), bytes.size()};
  memory::SegmentCursor to(piece);
  const abi::fuse_read_in in = {.fh = static_cast<uint64_t>(handle_),
                                .offset = 0,
                                .size = static_cast<uint32_t>(bytes.size()),
                                .read_flags = 0,
                                .lock_owner = 0,
                                .flags = 0,
                                .padding = 0};
  const Status read = inner_->Read(*context_, node_, in, to);
  return read ? Result(static_cast<size_t>(to.consumed())) : read.error();
}

Status InnerFile::Write(std::span<const char> bytes) const {
  // Nothing is written to through a segment of what is to be written.
  iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
  memory::SegmentCursor from(piece);
  const abi::fuse_write_in in = {.fh = static_cast<uint64_t>(handle_),
                                 .offset = 0,
                                 .size = static_cast<uint32_t>(bytes.size()),
                                 .write_flags = 0,
                                 .lock_owner = 0,
                                 .flags = 0,
                                 .padding = 0};
  const auto written = inner_->Write(*context_, node_, in, from);
  if (!written) {
    return written.error();
  }
  return *written == bytes.size() ? Status() : Status(Errno(EIO));
}

Status InnerFile::Truncate(size_t size) const {
  abi::fuse_setattr_in in = {};
  in.valid = abi::FATTR_SIZE | abi::FATTR_FH;
  in.fh = static_cast<uint64_t>(handle_);
  in.size = size;
  const auto changed = inner_->SetAttr(*context_, node_, in);
  return changed ? Status() : changed.error();
}

}  // namespace vfsd::fs::mapped
