// SPDX-License-Identifier: Apache-2.0
#include "identity/id_ranges.h"

#include <cinttypes>
#include <cstdio>
#include <memory>

namespace vfsd::identity {

IdRanges IdRanges::Read(const char* path) {
  IdRanges read;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "re"), &std::fclose);
  if (file == nullptr) {
    return read;
  }
  read.ranges_.clear();
  Range range;
  uint32_t outside;
  while (std::fscanf(file.get(), "%" SCNu32 " %" SCNu32 " %" SCNu32, &range.first, &outside,
                     &range.count) == 3) {
    read.ranges_.push_back(range);
  }
  return read;
}

}  // namespace vfsd::identity
