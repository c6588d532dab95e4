// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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
  /** One for each slot, or all that are to be forgotten. */
  std::vector<uint64_t> nodes;
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
  /** False: nobody answers these requests; their buffers come back, and Check() is not called. */
  virtual bool IsAnswered() const { return true; }
  /** True: there is nothing more to do, whatever the time. Asked before each operation. */
  virtual bool IsUsedUp() const { return false; }

  std::string failure;
  /** Nodes that the guest has looked up and not forgotten. */
  std::vector<uint64_t> kept;

 protected:
  bool Expect(bool right, const char* what) {
    if (!right && failure.empty()) {
      failure = what;
    }
    return right;
  }
};

/** Nullptr: there is no such kind. */
std::unique_ptr<Workload> MakeWorkload(const WorkloadParameters& parameters,
                                       const Workload::Forget& forget);

// Its parts, by subject.
std::unique_ptr<Workload> MakeAttributeWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeLookupWorkload(const WorkloadParameters& parameters,
                                             const Workload::Forget& forget);
std::unique_ptr<Workload> MakeNameWorkload(const WorkloadParameters& parameters,
                                           const Workload::Forget& forget);
std::unique_ptr<Workload> MakeCreationWorkload(const WorkloadParameters& parameters,
                                               const Workload::Forget& forget);
std::unique_ptr<Workload> MakeDataWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeListingWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeWalkWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeUntarWorkload(const WorkloadParameters& parameters);
std::unique_ptr<Workload> MakeStatusWorkload(const WorkloadParameters& parameters);

}  // namespace vfsd::frontend
