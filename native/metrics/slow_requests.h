// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "metrics/counter.h"

namespace vfsd::metrics {

/** A request that took longer than it should. */
struct SlowRequest {
  uint32_t opcode = 0;
  uint16_t queue = 0;
  /** Its thread handed the queue over, because the request had to sleep. */
  bool slept = false;
  int error = 0;
  uint64_t node = 0;
  uint64_t nanoseconds = 0;
};

/** Slow requests on their way from one thread to one other. What finds no place is counted. */
class SlowRequests {
 public:
  static constexpr size_t kPlaces = 16;

  /** By the thread that has served it. */
  void Put(const SlowRequest& request) {
    const size_t next = written_.load(std::memory_order_relaxed);
    if (next - read_.load(std::memory_order_acquire) == kPlaces) {
      lost_.Add();
      return;
    }
    places_[next % kPlaces] = request;
    written_.store(next + 1, std::memory_order_release);
  }

  /** By the reader; nothing: there is none left. */
  std::optional<SlowRequest> Take() {
    const size_t next = read_.load(std::memory_order_relaxed);
    if (next == written_.load(std::memory_order_acquire)) {
      return std::nullopt;
    }
    const SlowRequest request = places_[next % kPlaces];
    read_.store(next + 1, std::memory_order_release);
    return request;
  }

  uint64_t lost() const { return lost_.value(); }

 private:
  std::array<SlowRequest, kPlaces> places_;
  std::atomic<size_t> written_ = 0;
  std::atomic<size_t> read_ = 0;
  Counter lost_;
};

}  // namespace vfsd::metrics
