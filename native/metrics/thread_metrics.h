// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "abi/fuse.h"
#include "metrics/counter.h"
#include "metrics/histogram.h"
#include "metrics/slow_requests.h"

namespace vfsd::metrics {

/** Numbers of errors; those beyond are counted as the last one. Linux has up to 133. */
inline constexpr size_t kErrnos = 134;

/** How a request went. */
struct Served {
  uint32_t opcode = 0;
  /** Positive errno value; 0: all went well. */
  int error = 0;
  uint64_t node = 0;
};

/** What one data thread counts. Each has a cache line of its own to begin with: nobody but the
 * control thread, rarely, reads what another one writes. */
class alignas(64) ThreadMetrics {
 public:
  struct Queue {
    Counter taken;
    Counter served;
  };

  explicit ThreadMetrics(size_t queues) : queues_(queues) {}

  /** A request was taken from that queue. */
  void Took(uint16_t queue) { queues_[queue].taken.Add(); }

  /**
   * It has been served.
   *
   * @param readable the bytes that the driver has sent
   * @param written the bytes of the answer
   */
  void Count(uint16_t queue, const Served& served, uint64_t nanoseconds, uint64_t readable,
             uint64_t written) {
    queues_[queue].served.Add();
    // An opcode of the protocol's future is counted with 0, which is none.
    durations_[served.opcode < durations_.size() ? served.opcode : 0].Add(nanoseconds);
    if (served.error != 0) {
      const auto error = static_cast<size_t>(served.error);
      errors_[error < kErrnos ? error : kErrnos - 1].Add();
      return;
    }
    if (served.opcode == abi::FUSE_READ && written > sizeof(abi::fuse_out_header)) {
      read_bytes_.Add(written - sizeof(abi::fuse_out_header));
    } else if (served.opcode == abi::FUSE_WRITE && readable > kWriteHeaders) {
      written_bytes_.Add(readable - kWriteHeaders);
    }
  }

  const Queue& queue(size_t index) const { return queues_[index]; }
  const Histogram& durations(size_t opcode) const { return durations_[opcode]; }
  uint64_t errors(size_t error) const { return errors_[error].value(); }
  uint64_t read_bytes() const { return read_bytes_.value(); }
  uint64_t written_bytes() const { return written_bytes_.value(); }

  SlowRequests& slow() { return slow_; }
  const SlowRequests& slow() const { return slow_; }

 private:
  static constexpr uint64_t kWriteHeaders =
      sizeof(abi::fuse_in_header) + sizeof(abi::fuse_write_in);

  std::vector<Queue> queues_;
  Counter read_bytes_;
  Counter written_bytes_;
  std::array<Histogram, abi::kOpcodeCount> durations_;
  std::array<Counter, kErrnos> errors_;
  SlowRequests slow_;
};

}  // namespace vfsd::metrics
