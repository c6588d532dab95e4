// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/back_off.h"

namespace vfsd::engine {

/**
 * For how long the leader of a queue looks at its ring before it sleeps. To sleep and to be woken
 * costs more than most requests, but looking is worth it only where the next request comes soon,
 * and only while nobody else has a use for the CPU.
 *
 * It is told what happened each time that the ring had run dry, and keeps no clock of its own. Not
 * thread-safe: the leader's.
 */
class PollWindow {
 public:
  /** @param limit_ns the longest window; 0: never to look */
  explicit PollWindow(uint32_t limit_ns) : limit_(limit_ns) {}

  /** Whether to measure how long the ring stays dry this time. To be asked once for each time. */
  bool Measures() { return limit_ != 0 && !back_off_.Holds(); }

  /** How long to look at most, in nanoseconds. */
  uint32_t length() const { return length_; }

  /** A request came while the leader looked, and nobody else wanted the CPU. */
  void Paid() {
    if (++undisturbed_ >= kCalm) {
      back_off_.Forgive();
    }
  }

  /** A request came `gap_ns` after the ring had run dry, and the leader slept before it came. */
  void Came(uint64_t gap_ns) {
    if (gap_ns > limit_) {
      // Halved and not ended: one pause among many requests is no rest.
      length_ = length_ / 2 >= kShortest ? length_ / 2 : 0;
      return;
    }
    // Twice the time that would have done, since no two are the same.
    const auto enough = std::clamp<uint64_t>(2 * gap_ns, kShortest, limit_);
    length_ = std::max(length_, static_cast<uint32_t>(enough));
  }

  /**
   * Somebody else wanted the CPU while the leader looked, and had it for `lost_ns`. The next times
   * the leader sleeps at once: as many as it has lost microseconds, and twice as many as the last
   * time if looking has hardly paid since.
   */
  void Disturbed(uint64_t lost_ns) {
    length_ = 0;
    undisturbed_ = 0;
    back_off_.Failed(lost_ns / 1000);
  }

 private:
  // Below it, looking ends before anything can have come.
  static constexpr uint32_t kShortest = 1'000;
  // After so many times without a disturbance the next one is a new one.
  static constexpr uint32_t kCalm = 16;
  // Counted in sleeps: some hundredths of a second where it matters.
  static constexpr uint32_t kLongestBackOff = 4096;

  const uint32_t limit_;
  uint32_t length_ = 0;
  uint32_t undisturbed_ = 0;
  BackOff back_off_{kLongestBackOff};
};

}  // namespace vfsd::engine
