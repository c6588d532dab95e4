// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <istream>
#include <span>
#include <vector>

#include "base/result.h"

namespace vfsd::sys {

/**
 * The parts of program files that are mapped and were never written to. A program uses most of them
 * once, at its start; what is needed again comes back from the page cache.
 */
class CleanMappings {
 public:
  struct Range {
    std::byte* start;
    size_t length;
    friend bool operator==(const Range&, const Range&) = default;
  };

  /** Reads them of an smaps file of proc(5). */
  static std::vector<Range> Find(std::istream& smaps);

  /** Those of this process. To be called while /proc is there. */
  static Result<CleanMappings> OfThisProcess();

  /** Gives the memory back. They must still be mapped as they were. */
  Status Drop() const;

  std::span<const Range> ranges() const { return ranges_; }

 private:
  explicit CleanMappings(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}

  std::vector<Range> ranges_;
};

}  // namespace vfsd::sys
