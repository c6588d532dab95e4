// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vfsd::fs::passthrough {

/**
 * What the next lookup in a directory will meet, by the last ones: inodes that the guest knows cost
 * least when their name is asked about first, unknown ones when it is opened first. It is a guess
 * that changes nothing but the order of calls. One byte; any thread may use it.
 */
class LookupForesight {
 public:
  LookupForesight() = default;
  LookupForesight(LookupForesight&& other) noexcept : unknown_(other.Unknown()) {}
  LookupForesight& operator=(LookupForesight&&) = delete;
  LookupForesight(const LookupForesight&) = delete;
  LookupForesight& operator=(const LookupForesight&) = delete;

  bool ExpectsUnknown() const { return Unknown() == kEnough; }

  // Written only where it changes, so that threads with one directory do not take it from each
  // other's caches.
  void MetKnown() {
    if (Unknown() != 0) {
      unknown_.store(0, std::memory_order_relaxed);
    }
  }
  void MetUnknown() {
    const uint8_t unknown = Unknown();
    if (unknown < kEnough) {
      unknown_.store(static_cast<uint8_t>(unknown + 1), std::memory_order_relaxed);
    }
  }

 private:
  static constexpr uint8_t kEnough = 2;

  uint8_t Unknown() const { return unknown_.load(std::memory_order_relaxed); }

  /** How many of the last lookups in a row, up to kEnough. */
  std::atomic<uint8_t> unknown_ = 0;
};

}  // namespace vfsd::fs::passthrough
