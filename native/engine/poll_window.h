// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/back_off.h"

namespace vfsd::engine {

/**
 * For how long the leader of a queue looks at its ring before it sleeps. To sleep and to be woken
 * costs more than most requests, but looking is worth it only where the next request comes soon,
 * where it comes sooner than to a sleeper, and while nobody else has a use for the CPU. The second
 * is not always so: the scheduler likes to put a driver and a device that wake each other on one
 * CPU, where a wake-up is cheap.
 *
 * It is told what happened each time that the ring had run dry, and keeps no clock of its own. All
 * times are nanoseconds since then. Not thread-safe: the leader's.
 */
class PollWindow {
 public:
  /** @param limit_ns the longest window; 0: never to look */
  explicit PollWindow(uint32_t limit_ns) : limit_(limit_ns) {}

  /** Whether to measure how long the ring stays dry this time. To be asked once for each time. */
  bool Measures() { return limit_ != 0 && !back_off_.Holds(); }

  /** How long to look at most, in nanoseconds. */
  uint32_t length() const { return length_; }

  /** A request came after `gap`, while the leader looked, and nobody else wanted the CPU. */
  void Found(uint64_t gap) { Judge(gap); }

  /** A request came after `gap`, and the leader slept when it came. */
  void Slept(uint64_t gap) {
    if (gap > limit_) {
      // Halved and not ended: one pause among many requests is no rest.
      length_ /= 2;
      if (length_ < kShortest) {
        Close();
      }
      return;
    }
    // Twice the time that would have done, since no two are the same.
    const uint64_t enough = std::min<uint64_t>(std::max<uint64_t>(2 * gap, kShortest), limit_);
    if (length_ > 0) {
      // Looking was in vain, which counts, too.
      length_ = std::max(length_, static_cast<uint32_t>(enough));
      Judge(gap);
      return;
    }
    slept_.Add(gap);
    if (slept_.count == kSleeps) {
      length_ = static_cast<uint32_t>(enough);
    }
  }

  /**
   * Somebody else wanted the CPU while the leader looked, and had it for `lost`. The next times the
   * leader sleeps at once: as many as it has lost microseconds, and twice as many as the last time
   * if looking has hardly paid since.
   */
  void Disturbed(uint64_t lost) {
    Close();
    back_off_.Failed(lost / 1000);
  }

 private:
  // Below it, looking ends before anything can have come.
  static constexpr uint32_t kShortest = 1'000;
  // So many sleeps show what looking has to beat, and so many looks whether it does.
  static constexpr uint32_t kSleeps = 4;
  static constexpr uint32_t kTrial = 16;
  // It has to shorten the gap by one part in so many, since it costs a CPU for what is left.
  static constexpr uint64_t kWorthwhile = 3;
  // After so many trials the leader sleeps again for comparison.
  static constexpr uint32_t kTrials = 64;
  // Counted in sleeps: some hundredths of a second where it matters.
  static constexpr uint32_t kLongestBackOff = 4096;

  /** Of gaps of at most `limit_` each, so that no product overflows. */
  struct Mean {
    uint64_t sum = 0;
    uint64_t count = 0;

    void Add(uint64_t value) {
      sum += value;
      ++count;
    }
  };

  void Judge(uint64_t gap) {
    looked_.Add(gap);
    if (looked_.count < kTrial) {
      return;
    }
    if (kWorthwhile * looked_.sum * slept_.count > (kWorthwhile - 1) * slept_.sum * looked_.count) {
      Close();
      back_off_.Failed();
      return;
    }
    back_off_.Forgive();
    looked_ = {};
    if (++trials_ == kTrials) {
      Close();
    }
  }

  void Close() {
    length_ = 0;
    trials_ = 0;
    slept_ = {};
    looked_ = {};
  }

  const uint32_t limit_;
  uint32_t length_ = 0;
  uint32_t trials_ = 0;
  Mean slept_;
  Mean looked_;
  BackOff back_off_{kLongestBackOff};
};

}  // namespace vfsd::engine
