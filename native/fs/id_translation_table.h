// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace vfsd::fs {

/** What becomes of `count` ids from `base` on. */
struct IdRange {
  enum class Action : uint8_t {
    kMap,     // the ids from `target` on, one by one
    kSquash,  // all become `target`
    kForbid,  // nobody may use them
  };

  Action action;
  uint32_t base;
  uint32_t target;
  uint32_t count;
};

/** What users, or groups, of one side are called on the other. */
class IdTable {
 public:
  IdTable() = default;
  /** Precondition: no two ranges have an id in common. */
  explicit IdTable(std::vector<IdRange> ranges);

  bool empty() const { return ranges_.empty(); }

  /**
   * The same id where no range is for it, as with UINT32_MAX, which is nobody's. EPERM: it is
   * forbidden, or would become nobody's.
   */
  Result<uint32_t> Translate(uint32_t id) const;

 private:
  /** Sorted by `base`. */
  std::vector<IdRange> ranges_;
};

}  // namespace vfsd::fs
