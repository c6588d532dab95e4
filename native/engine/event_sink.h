// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vfsd::engine {

/** Is told what happens on the data threads. Called by any of them; must not block and must not
 * call back. */
class EventSink {
 public:
  /** The driver broke the rules; its ring is used no more until it is set up again. `reason` is a
   * literal. */
  virtual void RingBroken(uint16_t index, const char* reason) = 0;

  /** Every request that was taken from the ring has been answered, and no more are taken. */
  virtual void RingStopped(uint16_t index, uint16_t available_base) = 0;

  /** There are slow requests to be read. Not again before they are asked for. */
  virtual void SlowRequests() = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace vfsd::engine
