// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace vfsd::engine {

/**
 * Keeps from trying again too soon what has not paid: for so many times, and for twice as many
 * after each further failure. It counts occasions, and needs no clock. Not thread-safe.
 */
class BackOff {
 public:
  static constexpr uint32_t kFirst = 4;
  static constexpr uint32_t kLongest = 4096;

  /** True: not this time. To be asked at each occasion. */
  bool Holds() {
    if (held_ == 0) {
      return false;
    }
    --held_;
    return true;
  }

  /** It has not paid. @param at_least for how many times it is not to be tried again */
  void Failed(uint64_t at_least = 0) {
    held_ = std::max(next_, static_cast<uint32_t>(std::min<uint64_t>(at_least, kLongest)));
    next_ = std::min(2 * next_, kLongest);
  }

  /** It has paid often enough for the next failure to be a new one. */
  void Forgive() { next_ = kFirst; }

 private:
  uint32_t held_ = 0;
  uint32_t next_ = kFirst;
};

}  // namespace vfsd::engine
