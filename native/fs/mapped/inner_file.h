// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "fuse/file_system.h"

namespace vfsd::fs::mapped {

/** An open file of the file system below, closed at the end. */
class InnerFile {
 public:
  /** A regular file, by `flags` of open(2). */
  static Result<InnerFile> Open(fuse::FileSystem& inner, fuse::RequestContext& context,
                                fuse::NodeId node, int flags);
  /** Takes over what has been opened already. */
  InnerFile(fuse::FileSystem& inner, fuse::RequestContext& context, fuse::NodeId node,
            fuse::FileHandle handle)
      : inner_(&inner), context_(&context), node_(node), handle_(handle) {}

  InnerFile(InnerFile&& other) noexcept;
  InnerFile(const InnerFile&) = delete;
  InnerFile& operator=(const InnerFile&) = delete;
  InnerFile& operator=(InnerFile&&) = delete;
  ~InnerFile();

  /** What the file begins with; answers its length, at most that of `bytes`. */
  Result<size_t> Read(std::span<char> bytes) const;
  /** Writes at the beginning. EIO: not all of it. */
  Status Write(std::span<const char> bytes) const;
  Status Truncate(size_t size) const;

  /** Leaves it open. */
  void Keep() { inner_ = nullptr; }

 private:
  fuse::FileSystem* inner_;
  fuse::RequestContext* context_;
  fuse::NodeId node_;
  fuse::FileHandle handle_;
};

}  // namespace vfsd::fs::mapped
