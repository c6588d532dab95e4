// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "frontend/driver_ring.h"
#include "frontend/workload.h"

namespace vfsd::frontend {

struct RunOptions {
  uint16_t depth = 1;
  uint64_t duration_ns = 0;
  /** Ends the run earlier; 0: does not. */
  uint64_t max_operations = 0;
  /** How long to look for an answer before sleeping. */
  uint64_t spin_ns = 0;
  PageLayout pages = PageLayout::kContiguous;
  /** Not null: one operation of it is under way all the time, on the same ring, and does not count.
   */
  Workload* neighbour = nullptr;
};

struct RunResult {
  uint64_t operations = 0;
  uint64_t requests = 0;
  uint64_t elapsed_ns = 0;
  uint64_t kicks = 0;
  uint64_t calls = 0;
  /** Nanoseconds of each operation. */
  std::vector<uint32_t> latencies;
  /** Empty, or what went wrong first. */
  std::string failure;
  /** What the neighbour has done meanwhile. */
  uint64_t neighbour_operations = 0;
};

/** The memory of a run, for its slots. */
struct RunMemory {
  const GuestMemory& memory;
  uint64_t base;
};

/** FORGETs on their own queue. Nobody waits for them, and their memory is used in turn. Any thread
 * may send. */
class ForgetQueue {
 public:
  static constexpr uint16_t kSlots = 256;
  /** What it takes of the guest's memory. */
  static constexpr uint64_t kMemory = kSlots * RequestSlot::kData;
  ForgetQueue(DriverRing& ring, RunMemory memory);

  void Send(uint64_t node);
  bool Drain();

 private:
  bool Reap();

  std::mutex lock_;
  DriverRing& ring_;
  std::vector<RequestSlot> slots_;
  std::vector<uint16_t> free_;
};

/** Keeps `depth` operations of a workload under way until the time is over. */
RunResult Run(DriverRing& ring, RunMemory memory, Workload& workload, const RunOptions& options);

}  // namespace vfsd::frontend
