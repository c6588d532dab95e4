// SPDX-License-Identifier: Apache-2.0
#include "identity/id_ranges.h"

#include <fstream>

namespace vfsd::identity {

IdRanges IdRanges::Read(const char* path) {
  IdRanges read;
  std::ifstream file(path);
  if (!file) {
    return read;
  }
  read.ranges_.clear();
  Range range;
  uint32_t outside;
  while (file >> range.first >> outside >> range.count) {
    read.ranges_.push_back(range);
  }
  return read;
}

}  // namespace vfsd::identity
