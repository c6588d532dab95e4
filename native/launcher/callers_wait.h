// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/unique_fd.h"

namespace vfsd::launcher {

/**
 * Goes on in a process of its own, without a terminal, while the one that was started waits: it
 * ends with status 0 when it is told that everything works, and otherwise as the other one does.
 */
class CallersWait {
 public:
  /** Returns in the new process only. False: nothing has begun, which has been said. */
  [[nodiscard]] bool Begin();

  /** Lets the caller go, and leaves its standard descriptors. False: it has not waited, and the end
   * is wanted. */
  [[nodiscard]] bool End();

  // What End() needs; -1: nobody waits.
  int pipe() const { return pipe_.get(); }
  int null_device() const { return null_device_.get(); }

 private:
  UniqueFd pipe_;
  UniqueFd null_device_;
};

}  // namespace vfsd::launcher
