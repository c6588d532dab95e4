// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "fs/mapped/stored_attributes.h"

namespace vfsd::fs::mapped {

// What stands in the files of the `mapped-file` model: lines of `virtfs.uid=`, `virtfs.gid=`,
// `virtfs.mode=` and `virtfs.rdev=` with decimal numbers of 32 bits with a sign, each of them
// optional.

/** More is not read of a file. */
inline constexpr size_t kMaxMetadata = 4096;

/** Reads as QEMU does: unknown lines are passed over, and what is no number is 0. */
StoredAttributes ParseMetadata(std::string_view text);

/** The text of what there is. */
class MetadataText {
 public:
  explicit MetadataText(const StoredAttributes& stored);

  std::string_view view() const { return {text_.data(), length_}; }

 private:
  void AddLine(const char* key, uint32_t value);

  std::array<char, 128> text_;
  size_t length_ = 0;
};

}  // namespace vfsd::fs::mapped
