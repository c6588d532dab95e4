// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vfsd::fs::passthrough {

/** For how long the guest may believe something. */
struct Validity {
  uint64_t seconds = 0;
  uint32_t nanoseconds = 0;

  bool IsZero() const { return seconds == 0 && nanoseconds == 0; }
};

/** What the guest may believe, and for how long. */
struct Validities {
  Validity entry = {1, 0};
  Validity attr = {1, 0};
  /** That a name is not there. Zero: a failed lookup is an error, which nobody keeps. */
  Validity negative;
};

/**
 * One that changes while requests are answered. Who reads it in between may get the seconds of the
 * one and the rest of the other, which is as good an answer as any of them.
 */
class ChangingValidity {
 public:
  explicit ChangingValidity(Validity validity) { Set(validity); }

  void Set(Validity validity) {
    seconds_.store(validity.seconds, std::memory_order_relaxed);
    nanoseconds_.store(validity.nanoseconds, std::memory_order_relaxed);
  }
  Validity Get() const {
    return {seconds_.load(std::memory_order_relaxed), nanoseconds_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<uint64_t> seconds_;
  std::atomic<uint32_t> nanoseconds_;
};

}  // namespace vfsd::fs::passthrough
