// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace vfsd::identity {

/** The ids that exist in a user namespace (user_namespaces(7)). */
class IdRanges {
 public:
  /** Every id but the last, which means "none". */
  IdRanges() : ranges_{{0, UINT32_MAX}} {}

  /**
   * Reads /proc/self/uid_map or gid_map. Before the worker is confined: afterwards there is no such
   * path. A file that cannot be read leaves no id out; the kernel then has the last word.
   */
  static IdRanges Read(const char* path);

  bool AreEverything() const {
    return ranges_.size() == 1 && ranges_[0].first == 0 && ranges_[0].count == UINT32_MAX;
  }

  bool Contain(uint32_t id) const {
    for (const Range& range : ranges_) {
      if (id >= range.first && id - range.first < range.count) {
        return true;
      }
    }
    return false;
  }

 private:
  struct Range {
    uint32_t first;
    uint32_t count;
  };

  std::vector<Range> ranges_;
};

}  // namespace vfsd::identity
