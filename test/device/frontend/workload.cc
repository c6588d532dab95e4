// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload.h"

namespace vfsd::frontend {

std::unique_ptr<Workload> MakeWorkload(const WorkloadParameters& p,
                                       const Workload::Forget& forget) {
  std::unique_ptr<Workload> workload = MakeAttributeWorkload(p);
  if (workload == nullptr) {
    workload = MakeLookupWorkload(p, forget);
  }
  if (workload == nullptr) {
    workload = MakeNameWorkload(p, forget);
  }
  if (workload == nullptr) {
    workload = MakeCreationWorkload(p, forget);
  }
  if (workload == nullptr) {
    workload = MakeDataWorkload(p);
  }
  if (workload == nullptr) {
    workload = MakeListingWorkload(p);
  }
  if (workload == nullptr) {
    workload = MakeWalkWorkload(p);
  }
  if (workload == nullptr) {
    workload = MakeUntarWorkload(p);
  }
  return workload != nullptr ? std::move(workload) : MakeStatusWorkload(p);
}

}  // namespace vfsd::frontend
