// SPDX-License-Identifier: Apache-2.0
#include "fs/id_translation_table.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace vfsd::fs {
namespace {

constexpr uint32_t kNobody = UINT32_MAX;

uint32_t TargetOf(const IdRange& range, uint32_t id) {
  switch (range.action) {
    case IdRange::Action::kMap:
      return range.target + (id - range.base);
    case IdRange::Action::kSquash:
      return range.target;
    case IdRange::Action::kForbid:
      return kNobody;
  }
  return kNobody;
}

}  // namespace

IdTable::IdTable(std::vector<IdRange> ranges) : ranges_(std::move(ranges)) {
  std::ranges::sort(ranges_, std::less<>(), &IdRange::base);
}

Result<uint32_t> IdTable::Translate(uint32_t id) const {
  if (id == kNobody) {
    return id;
  }
  // The last range that begins at the id or before it.
  auto range = std::ranges::upper_bound(ranges_, id, std::less<>(), &IdRange::base);
  if (range == ranges_.begin()) {
    return id;
  }
  --range;
  if (id - range->base >= range->count) {
    return id;
  }
  const uint32_t target = TargetOf(*range, id);
  return target == kNobody ? Result<uint32_t>(Errno(EPERM)) : target;
}

}  // namespace vfsd::fs
