// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include "base/result.h"

namespace vfsd::sys {

/**
 * Cuts short what one thread waits for in the kernel: the call answers EINTR. By a timer that
 * signals this thread and no other, as no signal can be sent where a filter is loaded. The timer
 * goes on until the thread has noticed, which may have been just about to begin to wait.
 */
class Interrupter {
 public:
  Interrupter() = default;
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  ~Interrupter();

  /** Makes the calling thread one that can be interrupted. To be called once, without a filter. */
  Status Attach();

  /** Interrupts the thread until End(). By any thread. */
  void Begin() const;
  /** An interruption that is under way may still be seen once. */
  void End() const;

 private:
  bool attached_ = false;
  timer_t timer_ = {};
};

}  // namespace vfsd::sys
