// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "metrics/counter.h"

namespace vfsd::metrics {

/**
 * How long requests took: two buckets for each power of two of nanoseconds, from 256 ns to 34 s,
 * and one for what is below and above. One thread writes.
 */
class Histogram {
 public:
  static constexpr int kLeastBits = 8;
  static constexpr int kMostBits = 35;
  static constexpr size_t kBuckets = size_t{2} * (kMostBits - kLeastBits) + 2;

  /** The bucket of a duration. */
  static constexpr size_t BucketOf(uint64_t nanoseconds) {
    if (nanoseconds >> kLeastBits == 0) {
      return 0;
    }
    const int bits = static_cast<int>(std::bit_width(nanoseconds)) - 1;
    const uint64_t half = nanoseconds >> (bits - 1) & 1;
    const auto bucket = static_cast<size_t>(2 * (bits - kLeastBits)) + half + 1;
    return std::min(bucket, kBuckets - 1);
  }

  /** The first duration that is too long for a bucket; 0: none is, for the last one. */
  static constexpr uint64_t EndOf(size_t bucket) {
    if (bucket >= kBuckets - 1) {
      return 0;
    }
    const uint64_t octave = uint64_t{1} << (kLeastBits + static_cast<int>(bucket) / 2);
    return bucket % 2 == 0 ? octave : octave + octave / 2;
  }

  void Add(uint64_t nanoseconds) {
    buckets_[BucketOf(nanoseconds)].Add();
    total_.Add(nanoseconds);
  }

  uint64_t at(size_t bucket) const { return buckets_[bucket].value(); }
  uint64_t total() const { return total_.value(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter total_;
};

}  // namespace vfsd::metrics
