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

  /** @param longest how often to hold at most */
  explicit BackOff(uint32_t longest) : longest_(longest) {}

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
    held_ = std::max(next_, static_cast<uint32_t>(std::min<uint64_t>(at_least, longest_)));
    next_ = std::min(2 * next_, longest_);
  }

  /** It has paid often enough for the next failure to be a new one. */
  void Forgive() { next_ = kFirst; }

 private:
  const uint32_t longest_;
  uint32_t held_ = 0;
  uint32_t next_ = kFirst;
};

}  // namespace vfsd::engine
