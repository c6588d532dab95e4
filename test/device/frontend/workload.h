// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frontend/request_slot.h"

namespace vfsd::frontend {

/** What one operation of a benchmark needs; which of it counts depends on the kind. */
struct WorkloadParameters {
  std::string kind;
  uint64_t node = 0;
  uint64_t handle = 0;
  std::string name;
  /** Of the file, or the number of names. */
  uint64_t size = 0;
  uint64_t block = 0;
  uint64_t inode = 0;
  /** The guest's user, and group, who makes files. */
  uint32_t caller = 0;
};

/** What becomes of a slot when its reply has been looked at. */
enum class After : uint8_t {
  kNextStep,
  kOperationDone,
};

/** One kind of operation, as one or more requests. Each slot goes through the steps on its own. */
class Workload {
 public:
  /** Sends a FORGET on the high-priority queue, as Linux does. */
  using Forget = std::function<void(uint64_t node)>;

  virtual ~Workload() = default;
  /** Writes the request of the slot's step. */
  virtual void Fill(RequestSlot& slot) = 0;
  /** Looks at the reply: `length` bytes behind the header, of a request that had `error`. Sets
   * `failure` if wrong. */
  virtual After Check(RequestSlot& slot, int error, uint64_t length) = 0;

  std::string failure;

 protected:
  bool Expect(bool right, const char* what) {
    if (!right && failure.empty()) {
      failure = what;
    }
    return right;
  }
};

/** Nullptr: there is no such kind. */
std::unique_ptr<Workload> MakeNameWorkload(const WorkloadParameters& parameters,
                                           Workload::Forget forget);
std::unique_ptr<Workload> MakeDataWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeWalkWorkload(const WorkloadParameters& parameters);

}  // namespace vfsd::frontend
