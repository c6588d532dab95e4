// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/resource.h>

namespace vfsd::sys {

/** Finds out whether other threads want the CPU that the calling one is spending. */
class CpuRivals {
 public:
  CpuRivals() : switches_(Switches()) {}

  /** Lets others run. True: somebody did, now or since this was made. */
  bool Yield() const {
    sched_yield();
    return Switches() != switches_;
  }

 private:
  /** How often another thread has taken the CPU from this one, which did not sleep. */
  static long Switches() {
    rusage usage;
    // With these arguments it cannot fail.
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
  }

  const long switches_;
};

}  // namespace vfsd::sys
